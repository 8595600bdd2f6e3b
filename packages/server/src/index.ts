export {
  ConfigError,
  type ServerOptions,
} from "./config.ts";
export { type Logger, type LogLevel, silentLogger } from "./observe/logger.ts";
export { type RunningServer, type ServerServices, startServer } from "./server.ts";
export { DataDirectoryError, type DataDirectoryErrorCode } from "./storage/data-directory-error.ts";
