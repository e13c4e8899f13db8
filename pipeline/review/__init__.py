"""The reviewer's evidence: two versions on the same test images, and the lineage of versions and of data."""
