"""Grid: a named list of settings that is run row by row and tabled (`heelstrike grid run NAME`, docs/grid.md).

`definition` reads a grid's YAML, `rows` turns it into validated settings, `data` prepares a row's images, `row` trains
and judges one row, `run` goes through all of them. `tables` says how they compare with what was published,
`compare` and `verdict` how groups of rows differ over a slice, `render` and `report` write it down; `cost` measures
what each network costs. `transfer` makes a grid of each of several problems, `matrix` and `matrix_render` say what they
gain from each other. Nothing here knows a problem or an architecture: a grid is data.
"""
