// Names for what the API answers. The declarations are made of the OpenAPI document by `make check`.
import type { components } from "../../../../build/ui/api";

type Schemas = components["schemas"];
export type Image = Schemas["ImageReply"];
export type Hit = Schemas["SearchHit"];
export type SearchAnswer = Schemas["SearchReply"];
export type SearchQuestion = Schemas["SearchRequest"];
export type FilterSpec = Schemas["FilterSpec"];
export type Collection = Schemas["CollectionReply"];
export type CollectionDetail = Schemas["CollectionDetail"];
export type Session = Schemas["SessionReply"];
export type Job = Schemas["JobReply"];
export type Failure = Schemas["FailureReply"];
export type Report = Schemas["JobReport"];
export type JobLine = Schemas["LogLine"];
export type Warning = Schemas["WarningDetail"];
export type JobKind = Schemas["JobKindReply"];
export type DiskFolder = Schemas["DiskFolderReply"];
export type UploadedFile = Schemas["UploadedFile"];
export type ExportedFile = Schemas["ExportFileReply"];
export type Watch = Schemas["WatchReply"];
export type Annotation = Schemas["AnnotationReply"];
export type Album = Schemas["AlbumDetail"];
export type Timeline = Schemas["TimelineReply"];
export type Facets = Schemas["FacetsReply"];
export type Folder = Schemas["FolderReply"];
export type MapAnswer = Schemas["MapReply"];
export type DuplicateGroup = Schemas["DuplicateGroup"];
export type DuplicateList = Schemas["DuplicateList"];
export type UnneededFile = Schemas["UnneededFileReply"];
export type UnneededFiles = Schemas["UnneededFileList"];
export type Dismissal = Schemas["DismissalReply"];
export type Capabilities = Schemas["OrchestratorCapabilities"];
export type SystemFacts = Schemas["SystemReply"];
export type SeriesPoint = Schemas["SeriesPoint"];
export type Setting = Schemas["SettingReply"];
export type LogLine = Schemas["SystemLogLine"];

/** A picture that is shown, wherever it comes from; hits have a relevance as well. */
export type Shown = Image & Partial<Pick<Hit, "relevance" | "score" | "folded">>;

/** What a place gives when it is opened. */
export interface View {
  element: HTMLElement;
  /** Of the tab, without the app's name. */
  title: string | (() => string);
  /** The address changed within the place. */
  update?(address: import("./core/router.js").Address, how: import("./core/router.js").How): void;
  /** The place is left: listeners, streams and timers end. */
  leave?(): void;
}

/** The pictures of a place in their order: what the viewer goes on in. */
export interface PhotoList {
  /** Null where nobody knows. */
  total: number | null;
  /** The picture, its neighbours and its number from 0; null where the list does not have it. */
  around(id: string): Promise<{ image: Shown; previous: Shown | null; next: Shown | null; position: number | null } | null>;
  /** What it is a list of, for "5 of 7 in “sand dunes”"; null for all photos. */
  name: string | null;
}
