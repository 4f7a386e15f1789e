"""Makes the TIFF files of this folder with tifffile, and LZW with libtiff by way of Pillow, so that what reads them
is not judged by its own writer.

    pip install numpy pillow tifffile imagecodecs && python make.py
"""

import math
import pathlib

import numpy
import tifffile
from PIL import Image

WIDTH, HEIGHT = 24, 16
FOLDER = pathlib.Path(__file__).parent


def picture():
    """The same pixels as `scene::picture(24, 16)` of the tests."""
    out = numpy.zeros((HEIGHT, WIDTH, 3), numpy.uint8)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            v = 128 + 55 * math.sin(x / 19) + 45 * math.cos(y / 31) + 20 * math.sin((x + y) / 5)
            red = x < WIDTH // 4 and y < HEIGHT // 4
            color = (230, 20, 30) if red else (v, v * 0.9, 220 - v * 0.7)
            out[y, x] = [int(min(max(value, 0), 255)) for value in color]
    return out


def write(name, pixels, **how):
    tifffile.imwrite(FOLDER / f"{name}.tif", pixels, metadata=None, software=False, **how)


rgb = picture()
gray = rgb[:, :, 0].copy()
# From clear at the left to opaque at the right.
alpha = numpy.repeat(numpy.array([[x * 255 // (WIDTH - 1) for x in range(WIDTH)]], numpy.uint8), HEIGHT, axis=0)
rgba = numpy.dstack([rgb, alpha])
multiplied = numpy.dstack([(rgb.astype(float) * alpha[:, :, None] / 255).round().astype(numpy.uint8), alpha])
wide = rgb.astype(numpy.uint16) * 257
inks = numpy.dstack([255 - rgb, numpy.zeros_like(gray)])

color = {"photometric": "rgb"}
write("strips", rgb, rowsperstrip=5, **color)
write("one-strip-big-endian", rgb, byteorder=">", **color)
# Tag 278: rows of a strip; tag 317: differences between neighbours.
Image.fromarray(rgb).save(FOLDER / "lzw.tif", compression="tiff_lzw", tiffinfo={278: 7})
Image.fromarray(rgb).save(FOLDER / "lzw-predictor.tif", compression="tiff_lzw", tiffinfo={317: 2})
write("deflate", rgb, compression="zlib", **color)
write("deflate-predictor-16", wide, compression="zlib", predictor=True, byteorder=">", **color)
write("packbits", rgb, compression="packbits", **color)
write("tiles", rgb, tile=(16, 16), compression="zlib", **color)
write("planes", numpy.moveaxis(rgb, 2, 0), planarconfig="separate", **color)
write("sixteen", wide, **color)
write("bigtiff", rgb, bigtiff=True, **color)
write("alpha", rgba, extrasamples=["unassalpha"], **color)
write("alpha-16", rgba.astype(numpy.uint16) * 257, extrasamples=["unassalpha"], compression="zlib", **color)
write("alpha-multiplied", multiplied, extrasamples=["assocalpha"], **color)
write("gray", gray, photometric="minisblack")
write("gray-alpha", numpy.dstack([gray, alpha]), photometric="minisblack", extrasamples=["unassalpha"])
write("gray-16", gray.astype(numpy.uint16) * 257, photometric="minisblack", compression="zlib")
write("gray-white-is-zero", 255 - gray, photometric="miniswhite")
write("inks", inks, photometric="separated", compression="zlib")
write("inks-16", inks.astype(numpy.uint16) * 257, photometric="separated", compression="zlib")
palette, index = numpy.unique(rgb.reshape(-1, 3), axis=0, return_inverse=True)
colormap = numpy.zeros((3, 256), numpy.uint16)
if len(palette) > 256:
    # The nearest of every second colour.
    few = palette[:: len(palette) // 128 + 1]
    index = ((rgb.reshape(-1, 1, 3).astype(int) - few.astype(int)) ** 2).sum(axis=2).argmin(axis=1)
    palette = few
colormap[:, : len(palette)] = palette.T.astype(numpy.uint16) * 257
write("palette", index.reshape(HEIGHT, WIDTH).astype(numpy.uint8), photometric="palette", colormap=colormap)
write("bilevel", gray > 140, photometric="minisblack")
write("jpeg", rgb, compression="jpeg", compressionargs={"level": 98}, photometric="ycbcr", subsampling=(1, 1))
write("float", rgb.astype(numpy.float32) / 255, **color)
# Stored lying on its left side: tag 274 says how it is turned upright.
write("lying", numpy.rot90(rgb).copy(), extratags=[(274, "H", 1, 6, True)], **color)
with tifffile.TiffWriter(FOLDER / "pages.tif") as pages:
    pages.write(rgb, metadata=None, software=False, compression="zlib", **color)
    pages.write(rgb[::-1].copy(), metadata=None, software=False, compression="zlib", **color)
