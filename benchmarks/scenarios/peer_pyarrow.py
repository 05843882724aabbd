"""A process that reads a Parquet file's column of texts with pyarrow on two threads, block by block, and no more."""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.dataset as ds

pa.set_cpu_count(2)
# The scanner reads row groups side by side; ParquetFile.iter_batches has one thread for one column.
rows = sum(len(batch) for batch in ds.dataset(sys.argv[1]).scanner(columns=["text"]).to_batches())
print(rows)
