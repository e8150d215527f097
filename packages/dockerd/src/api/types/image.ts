/**
 * Images of the Engine API.
 *
 * Source: moby `api/docs/v1.51.yaml`, definitions ImageSummary, ImageInspect, HistoryResponseItem.
 *
 * @module
 */
import type { Labels, OciDescriptor } from "./common.ts";
import type { ContainerConfig } from "./container.ts";

/** An image in the list; sizes in bytes, `Created` in Unix seconds. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  Created: number;
  Size: number;
  SharedSize: number;
  VirtualSize?: number;
  Labels: Labels | null;
  Containers: number;
}

/** Reply to `GET /images/{name}/json`. */
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created?: string;
  Container?: string;
  DockerVersion: string;
  Author: string;
  Config: ContainerConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  Size: number;
  VirtualSize?: number;
  GraphDriver: { Name: string; Data: Record<string, string> | null };
  RootFS: { Type: string; Layers?: string[] };
  Metadata: { LastTagTime: string };
  Descriptor?: OciDescriptor;
}

/** One step of an image's history; `Created` in Unix seconds, `Size` in bytes. */
export interface ImageHistoryItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** One thing that removing an image did. */
export interface ImageDeleteItem {
  Untagged?: string;
  Deleted?: string;
}

/** Reply to `POST /images/prune`; bytes. */
export interface ImagePruneResponse {
  ImagesDeleted: ImageDeleteItem[] | null;
  SpaceReclaimed: number;
}

/** Reply to `GET /distribution/{name}/json`. */
export interface DistributionInspect {
  Descriptor: OciDescriptor;
  Platforms: { architecture: string; os: string; variant?: string }[];
}
