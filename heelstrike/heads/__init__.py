"""The consumer's side of a network's heads, one file each; `registry` lists them."""
