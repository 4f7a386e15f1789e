"""Pictures that tests draw, and what size an answered one has."""

import struct
import zlib


def png(width, height):
    """A picture of our own: a slope of colours."""
    rows = b"".join(
        b"\0" + bytes(c for x in range(width) for c in (x * 255 // width, y * 255 // height, 128)) for y in range(height)
    )

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def size(picture):
    assert picture[:8] == b"\x89PNG\r\n\x1a\n", picture[:200]
    return struct.unpack(">II", picture[16:24])
