/**
 * Cases of the suite: images.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CriCase } from "./cri_suite.ts";
import { rejects, TestPod } from "./pod.ts";

/** The cases. */
export const imageCases: readonly CriCase[] = [
  {
    name: "images are listed and found by name and id",
    async run({ cri, image }) {
      const { image: found } = await cri.images.imageStatus({ image: { image }, verbose: true });
      assert.match(found?.id ?? "", /^sha256:[0-9a-f]{64}$/);
      assert.ok((found?.size ?? 0n) > 0n);
      const byId = await cri.images.imageStatus({ image: { image: found!.id } });
      assert.equal(byId.image?.id, found?.id);
      const { images } = await cri.images.listImages({});
      assert.ok(images.some((i) => i.id === found?.id && i.repoTags.length > 0));
      const one = await cri.images.listImages({ filter: { image: { image } } });
      assert.deepEqual(
        one.images.map((i) => i.id),
        [found?.id],
      );
    },
  },
  {
    name: "an image that is not there is no error, and removing it neither",
    async run({ cri }) {
      const image = { image: "rt-nobody/has-this:1" };
      assert.equal((await cri.images.imageStatus({ image })).image, undefined);
      assert.deepEqual((await cri.images.listImages({ filter: { image } })).images, []);
      await cri.images.removeImage({ image });
      await rejects(
        cri.images.pullImage({ image: { image: "UPPER case" } }),
        "INVALID_ARGUMENT",
        /invalid reference format/,
      );
    },
  },
  {
    name: "the file systems of images and containers are told",
    async run({ cri }) {
      const info = await cri.images.imageFsInfo({});
      assert.equal(info.imageFilesystems.length, 1);
      assert.ok((info.imageFilesystems[0]?.usedBytes?.value ?? 0n) > 0n);
      assert.match(info.imageFilesystems[0]?.fsId?.mountpoint ?? "", /^\//);
    },
  },
  {
    name: "the pause image is pinned, and made again when it is missing",
    async run(subject) {
      const { images } = subject.cri;
      const image = { image: "rt/pause:1" };
      {
        await using _pod = await TestPod.run(subject);
        assert.equal((await images.imageStatus({ image })).image?.pinned, true);
      }
      await images.removeImage({ image });
      assert.equal((await images.imageStatus({ image })).image, undefined);
      await using _pod = await TestPod.run(subject);
      assert.ok((await images.imageStatus({ image })).image);
    },
  },
];
