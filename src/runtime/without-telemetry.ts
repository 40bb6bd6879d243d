/**
 * Keeps ONNX Runtime from telling its maker what it runs. Since 1.29 its builds for Linux send the names of models, their producers and hashes of their weights
 * to a server of Microsoft unless this variable is set when it starts; a model that is scanned must not be known to anyone for that.
 *
 * Imported before onnxruntime-node. Its child processes have the variable too.
 */
process.env.ORT_DISABLE_TELEMETRY = "1";
