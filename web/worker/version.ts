/** The version of the package that the page was built from. */
export { version } from "../../package.json";
