"""Checks ONNX files with ONNX's own checker, and prints their operator sets and outputs. Exits with 1 when one does not pass.

Run: /usr/bin/python3 tools/check-with-onnx.py runs/*/model.onnx
Needs Debian's python3-onnx.
"""

import sys

import onnx


def shape_of(value):
    dims = value.type.tensor_type.shape.dim
    return "[" + ", ".join(dim.dim_param or str(dim.dim_value) for dim in dims) + "]"


def described(model):
    opsets = ", ".join(f"{each.domain or 'ai.onnx'} {each.version}" for each in model.opset_import)
    outputs = ", ".join(f"{each.name} {shape_of(each)}" for each in model.graph.output)
    return f"opset {opsets}; outputs {outputs}"


def main(paths):
    if not paths:
        sys.exit("expected paths of .onnx files")
    failed = False
    for path in paths:
        try:
            # By path, since files of external data lie beside it; a full check by path would write the shapes into the file.
            onnx.checker.check_model(path)
            model = onnx.load(path)
            onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
            print(f"{path}: passes; {described(model)}")
        except Exception as error:
            failed = True
            print(f"{path}: {error}", file=sys.stderr)
    sys.exit(1 if failed else 0)


main(sys.argv[1:])
