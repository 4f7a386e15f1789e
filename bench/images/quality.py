"""SSIMULACRA2 of thumbnails against a full-size Lanczos reference: quality.py SOURCE RESULT..."""
import json
import sys
import tempfile

from PIL import Image, ImageOps
from ssimulacra2 import compute_ssimulacra2

source = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
for path in sys.argv[2:]:
    made = Image.open(path).convert("RGB")
    # Every pixel of the source takes part: nothing was shrunk on load.
    reference = source.resize(made.size, Image.LANCZOS)
    with tempfile.NamedTemporaryFile(suffix=".png") as a, tempfile.NamedTemporaryFile(suffix=".png") as b:
        reference.save(a.name)
        made.save(b.name)
        score = compute_ssimulacra2(a.name, b.name)
    print(json.dumps({"file": path.rsplit("/", 1)[-1], "ssimulacra2": round(float(score), 2)}))
