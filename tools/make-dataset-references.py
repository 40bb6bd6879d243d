"""Writes small data sets in the formats of the real ones, where the format needs a library: MATLAB 7.3 and Python pickles.

Run: /usr/bin/python3 tools/make-dataset-references.py
Needs Debian's python3-numpy and python3-h5py. Writes into test/references/datasets. Values follow from their indices, so that tests
can say what they expect without these files.
"""
import io
import pathlib
import pickle
import struct

import h5py
import numpy as np

folder = pathlib.Path(__file__).parent.parent / "test" / "references" / "datasets"
folder.mkdir(parents=True, exist_ok=True)


def mat73(path, data, label):
    """As MATLAB writes -v7.3: a 512 byte user block with its text header, chunks that are deflated."""
    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("Data")
        group.create_dataset("data", data=data, chunks=(2, *data.shape[1:]), compression="gzip", compression_opts=3)
        if label is not None:
            group.create_dataset("label", data=label, chunks=label.shape, compression="gzip")
        for array in group.values():
            kind = str(array.dtype)
            array.attrs["MATLAB_class"] = np.bytes_({"float64": "double", "float32": "single"}.get(kind, kind))
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  2 00:00:00 2017 HDF5 schema 1.00 .".ljust(116))
        file.write(b"\0" * 8 + b"\x00\x02IM")


# data[n, c, y, x] = (60 n + 20 c + 5 y + x) mod 256; label[n, k] = (n - 2) / 10 + k / 100.
n, c, y, x = np.ogrid[:5, :3, :4, :6]
data = (60 * n + 20 * c + 5 * y + x) % 256
label = (np.arange(5)[:, None] - 2) / 10 + np.arange(16)[None] / 100
mat73(folder / "mpii_bytes.mat", data.astype(np.uint8), label)
mat73(folder / "mpii_doubles.mat", data.astype(np.float64), label.astype(np.float32))
mat73(folder / "mpii_unit.mat", (data / 255).astype(np.float32), label)
mat73(folder / "mpii_without_labels.mat", data.astype(np.uint8), None)
mat73(folder / "mpii_other_shape.mat", data[:, 0].astype(np.uint8), label)


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 wrote its strings, which is how the real batches were made."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_python2_string(self, value):
        if len(value) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(value)]) + value)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_python2_string
    dispatch[str] = lambda self, value: self.save_python2_string(value.encode("latin1"))


def python2(value):
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()


# Image n: red is 10 n + y, green 100 + x, blue 200; label 3 n mod 10.
y, x = np.mgrid[:32, :32]
images = np.stack([np.stack([10 * n + y, 100 + x, np.full_like(x, 200)]).reshape(-1) for n in range(3)]).astype(np.uint8)
batch = {
    "batch_label": "training batch 1 of 5",
    "labels": [3 * n % 10 for n in range(3)],
    "data": images,
    "filenames": [f"image_{n}.png" for n in range(3)],
}
names = "airplane automobile bird cat deer dog frog horse ship truck".split()
meta = {"num_cases_per_batch": 10000, "label_names": names, "num_vis": 3072}
(folder / "cifar_python2.pickle").write_bytes(python2(batch))
(folder / "cifar_python2_meta.pickle").write_bytes(python2(meta))
(folder / "cifar_fortran.pickle").write_bytes(python2({**batch, "data": np.asfortranarray(images)}))
(folder / "cifar_python3.pickle").write_bytes(pickle.dumps({k.encode(): v for k, v in batch.items()}, protocol=2))
(folder / "cifar_newest.pickle").write_bytes(pickle.dumps(batch, protocol=4))

for name in ("cifar_python2", "cifar_fortran"):
    read = pickle.loads((folder / f"{name}.pickle").read_bytes(), encoding="latin1")
    assert (read["data"] == images).all() and read["labels"] == batch["labels"]
