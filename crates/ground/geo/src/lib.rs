//! Points, distances, bearings, H3 cells and polygons.
