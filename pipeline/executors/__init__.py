"""Where work runs: calls in processes of this machine, on a Dask cluster, or as SLURM jobs, behind one interface.

`choose` reads the engine from HEELSTRIKE_EXECUTOR (docs/scale.md). A call is a function that can be imported by name,
with one argument that can be pickled. It writes its files below folders that all machines of an engine share.
"""
