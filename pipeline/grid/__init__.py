"""Grid: a named list of settings whose rows are trained and tabled (`heelstrike grid run NAME`, docs/grid.md).

`definition` reads a grid's YAML, `rows` turns it into validated settings, `data` prepares a row's images, `row` trains
and evaluates one row, and `run` runs all rows. `tables` compares the rows with published values, `compare` and
`verdict` compare groups of rows over a slice, `render` and `report` write the results. `cost` measures the cost of each
network. `transfer` makes one grid for each of several problems, and `matrix` and `matrix_render` show what the problems
gain from each other. Nothing here knows a problem or an architecture: a grid is data.
"""
