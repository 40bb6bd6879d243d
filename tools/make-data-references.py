"""Writes what the tests of src/data compare with: images resized by Pillow, and arrays and archives written by Python.

Run: /usr/bin/python3 tools/make-data-references.py
Needs Debian's python3-numpy and python3-pil. Writes resize.npz, numpy.zip and zip64.npz into test/references.
"""
import io
import pathlib
import zipfile

import numpy as np
from PIL import Image

folder = pathlib.Path(__file__).parent.parent / "test" / "references"
random = np.random.default_rng(0)

# Mode F is float: what comes out is not rounded to bytes. Sizes are height x width.
arrays = {}
for (h, w), targets in {(11, 7): [(5, 3), (22, 14), (4, 13), (1, 1), (10, 7)], (2, 3): [(7, 9), (3, 2)]}.items():
    source = random.random((h, w), dtype=np.float32)
    arrays[f"{h}x{w}"] = source
    for target in targets:
        resized = Image.fromarray(source, mode="F").resize(target[::-1], Image.Resampling.BILINEAR)
        arrays[f"{h}x{w} to {target[0]}x{target[1]}"] = np.asarray(resized)
np.savez_compressed(folder / "resize.npz", **arrays)


def npy(array, version=(1, 0)):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=version)
    return buffer.getvalue()


cube = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
files = {f"version {v}": npy(cube.astype(np.float32), (v, 0)) for v in (1, 2, 3)}
files |= {"fortran": npy(np.asfortranarray(cube)), "big-endian": npy(cube.astype(">f4"))}
files |= {f"dtype {kind}": npy(np.array([0, 1, 3]).astype(kind)) for kind in "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split()}
files |= {"scalar": npy(np.float64(2.5)), "empty": npy(np.zeros((0, 3), np.float32)), "text": npy(np.array(["one"]))}
files["record"] = npy(np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
with zipfile.ZipFile(folder / "numpy.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, content in files.items():
        archive.writestr(f"{name}.npy", content)

# Python writes the 64 bit fields of an entry beyond this size; here it is beyond it at once.
zipfile.ZIP64_LIMIT = 1
with zipfile.ZipFile(folder / "zip64.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("first.npy", npy(np.arange(6, dtype=np.float32)))
    archive.writestr("second.npy", npy(np.arange(3, dtype=np.int64)))
