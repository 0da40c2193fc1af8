export { type CheckHealthOptions, checkHealth } from "./check-health.ts";
export { type CopyOptions, type CopyReport, copyBundle } from "./copy-bundle.ts";
export { type CreateReport, createBundle } from "./create-bundle.ts";
export type { CreateOptions } from "./create-options.ts";
export { type InspectOptions, type Inspection, inspectBundle } from "./inspect-bundle.ts";
export { type InstallOptions, type InstallReport, installBundle } from "./install-bundle.ts";
export { type InventoryOptions, type InventoryReport, inventorySite } from "./inventory-site.ts";
export { type StagingOptions, listStaging, pruneStaging, verifyStaging } from "./manage-staging.ts";
export { type RepairOptions, repairBundle } from "./repair-bundle.ts";
export { type RewriteOptions, type RewriteReport, rewriteBundle } from "./rewrite-bundle.ts";
export { type VerifyOptions, type VerifyReport, verifyBundle } from "./verify-bundle.ts";

export { DamagedBundleError } from "./bundle/damaged-bundle-error.ts";
export type { Finding } from "./bundle/finding.ts";
export type { JudgedPart, Verdict } from "./bundle/parts/judged-part.ts";
export type { ModelsJson } from "./bundle/models-json.ts";
export type { RepairReport } from "./bundle/repair/repair.ts";
export type { SiteFile } from "./bundle/delta/site-file.ts";
export type { SiteMustHold } from "./bundle/delta/site-must-hold.ts";
export type { WrittenBundle } from "./bundle/write-bundle.ts";
export {
  BundleError,
  DefinitionError,
  EngineError,
  HealthError,
  HostError,
  OllamaBundleError,
  SourceError,
} from "./core/errors.ts";
export type { OnProgress, ProgressEvent, WorkOptions } from "./core/progress.ts";
export { type Definition, type DefinitionFields, definitionOf } from "./definition/definition.ts";
export type { ImageLocation } from "./definition/image-location.ts";
export { readDefinitionFile } from "./definition/read-definition-file.ts";
export type { ExpectedModel, HealthCheck, HealthReport } from "./health/health-report.ts";
export { UnhealthyError } from "./health/unhealthy-error.ts";
export type { InstallPlan } from "./install/install-plan.ts";
export type { Receipt } from "./install/receipt.ts";
export type { CreatePlan } from "./source/create-plan.ts";
