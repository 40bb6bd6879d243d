/** What can be said of a data set, wherever one is read. */
import { parseCrop } from "../../data/node/datasets/crop.ts";
import { parseChoice, parseList, parseText } from "../settings.ts";

/** What is said of a data set. */
export const dataSet = {
  kind: {
    flags: "--kind <name>",
    help: "which data set it is (default: told by its files)",
    parse: parseText,
    isFlagOnly: true,
  },
  task: {
    flags: "--task <name>",
    help: "gaze or head-pose, where a data set has both (default: gaze)",
    parse: parseChoice("gaze", "head-pose"),
    isFlagOnly: true,
  },
  angleUnit: {
    flags: "--angle-unit <unit>",
    help: "degrees or radians: what the files hold (default: what the data set is known for)",
    parse: parseChoice("degrees", "radians"),
    isFlagOnly: true,
  },
  columns: {
    flags: "--columns <names>",
    help: "the angles in the order in which the files have them, such as pitch,yaw",
    parse: parseList,
    isFlagOnly: true,
  },
  flip: {
    flags: "--flip <names>",
    help: "labels whose sign is turned, such as pitch",
    parse: parseList,
    isFlagOnly: true,
  },
  crop: {
    flags: "--crop <part>",
    help: "face, none, or left,top,width,height in parts of the image",
    parse: parseCrop,
    isFlagOnly: true,
  },
  channelOrder: {
    flags: "--channel-order <order>",
    help: "rgb or bgr: what the files hold",
    parse: parseChoice("rgb", "bgr"),
    isFlagOnly: true,
  },
  image: {
    flags: "--image <kind>",
    help: "rgb or gray, where a frame has several images",
    parse: parseChoice("rgb", "gray"),
    isFlagOnly: true,
  },
} as const;
