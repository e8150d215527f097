import { expect, test } from "vitest";
import { resolvConf } from "./resolv_conf.ts";

const none = { dns: [], dnsSearch: [], dnsOptions: [] };
const host = "nameserver 10.0.0.2\nsearch example.org\noptions ndots:2\n";

test("resolvConf() passes the host's file on when nothing is asked for", () => {
  expect(resolvConf(host, none, true)).toBe(host);
});

test("resolvConf() drops the host's loopback servers in a namespace of its own, and falls back to public ones", () => {
  expect(resolvConf("nameserver 127.0.0.53\n", none, true)).toBe("nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  expect(resolvConf("nameserver 127.0.0.53\n", none, false)).toBe("nameserver 127.0.0.53\n");
  expect(resolvConf("nameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch a b\n", none, true)).toBe(
    "search a b\nnameserver 9.9.9.9\n",
  );
});

test("resolvConf() takes what the container asks for", () => {
  const asked = { dns: ["1.1.1.1"], dnsSearch: ["."], dnsOptions: ["rotate"] };
  expect(resolvConf(host, asked, true)).toBe("nameserver 1.1.1.1\noptions rotate\n");
});
