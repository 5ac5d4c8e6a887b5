// The SDK for plugins in AssemblyScript: see README.md.
export * from "./body";
export * from "./check";
export * from "./expr";
export * from "./manifest";
export * from "./plan";
export * from "./view";
export { serve } from "./guest";
export { utf8 } from "./wire";
