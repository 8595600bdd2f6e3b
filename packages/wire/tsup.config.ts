import { defineConfig } from "tsup";
import { preset } from "../workspace/tsup-preset.ts";

export default defineConfig(preset({ entry: ["src/index.ts", "src/etcd-errors.ts"] }));
