# Chooses the engine: RT_ENGINE (a path, or `node`, `bun`, `deno`), else the Node beside the package, else PATH's.
rt_exec() {
  case "$RT_ENGINE" in
    "" | node)
      for n in "$here/node_modules/.bin/node" "$here/../../node_modules/.bin/node" "$here/../../.bin/node"; do
        if [ -x "$n" ]; then exec "$n" --disable-warning=ExperimentalWarning "$@"; fi
      done
      exec node --disable-warning=ExperimentalWarning "$@" ;;
    bun)
      for n in "$here/../../node_modules/@oven/bun-linux-x64/bin/bun" "$here/../../node_modules/@oven/bun-linux-aarch64/bin/bun"; do
        if [ -x "$n" ]; then exec "$n" "$@"; fi
      done
      exec bun "$@" ;;
    deno) exec deno run -A "$@" ;;
    *) exec "$RT_ENGINE" "$@" ;;
  esac
}
