"""The pieces that shop fronts are drawn of: shapes, walls, awnings, windows, doors, signs, streets.

Everything gives SVG text in a picture of 1600 by 1200. Nothing here knows a shop; draw_shops.py puts them together.
"""
import math

WIDE, HIGH = 1600, 1200
FONT = "WenQuanYi Micro Hei, Noto Sans CJK SC, sans-serif"


def n(value):
    """A number as short as it can be written."""
    return f"{round(value, 1):g}"


def _attributes(given):
    return "".join(f' {key.replace("_", "-")}="{n(value) if isinstance(value, (int, float)) else value}"'
                   for key, value in given.items() if value is not None)


def rect(x, y, w, h, fill, r=None, **more):
    return f'<rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}"{_attributes(dict(fill=fill, rx=r, **more))}/>'


def circle(x, y, r, fill, **more):
    return f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r)}"{_attributes(dict(fill=fill, **more))}/>'


def oval(x, y, rx, ry, fill, **more):
    return f'<ellipse cx="{n(x)}" cy="{n(y)}" rx="{n(rx)}" ry="{n(ry)}"{_attributes(dict(fill=fill, **more))}/>'


def path(d, fill="none", **more):
    return f'<path d="{d}"{_attributes(dict(fill=fill, **more))}/>'


def line(d, colour, width, **more):
    return path(d, stroke=colour, stroke_width=width, stroke_linecap="round", stroke_linejoin="round", **more)


def group(*inside, **more):
    return f'<g{_attributes(more)}>{"".join(inside)}</g>'


def moved(x, y, *inside, turn=None, size=None, **more):
    how = f"translate({n(x)} {n(y)})" + (f" rotate({n(turn)})" if turn else "") + (f" scale({size:g})" if size else "")
    return group(*inside, transform=how, **more)


def words(x, y, text, size, fill, bold=0.02, room=None, **more):
    """A line of text round x, its letters no larger than fits into `room`. The font has one weight: a rim makes it bold."""
    if room:
        length = sum(1.0 if ord(letter) > 0x2E80 else 0.62 for letter in text)
        size = min(size, room / length)
    text = text.replace("&", "&amp;")
    rim = dict(stroke=fill, stroke_width=size * bold, stroke_linejoin="round") if bold else {}
    about = dict(font_size=size, fill=fill, **rim, **more)
    return f'<text x="{n(x)}" y="{n(y)}"{_attributes(about)}>{text}</text>'


def upright(x, y, text, size, fill, step=1.12, **more):
    """Chinese letters one below the other."""
    return "".join(words(x, y + size * step * ix, letter, size, fill, **more) for ix, letter in enumerate(text))


def shade(x, y, w, h, much=0.18, colour="#1b1424", r=None):
    return rect(x, y, w, h, colour, r, opacity=much)


def sky(top, bottom, far):
    """Sky, and the houses beyond."""
    houses = [(0, 330, 150), (110, 250, 90), (1380, 300, 130), (1480, 220, 160)]
    lit = "".join(f"M{x + across} {y + 30 + 70 * floor}h22v32h-22z" for x, y, w in houses for floor in range(8) for across in range(20, w - 30, 46))
    return (f'<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/></linearGradient>'
            '<linearGradient id="glass" x2="1" y2="1"><stop stop-color="#fff" stop-opacity=".34"/><stop offset=".45" stop-color="#fff" stop-opacity=".04"/>'
            '<stop offset="1" stop-color="#fff" stop-opacity=".2"/></linearGradient></defs>'
            + rect(0, 0, WIDE, HIGH, "url(#sky)") + "".join(rect(x, y, w, 800, far) for x, y, w in houses) + path(lit, bottom, opacity=0.5))


def street(pavement="#cfc8bd", road="#565a63", kerb="#a79f93"):
    joints = "".join(f"M{x} 1000L{n(800 + (x - 800) * 1.13)} 1090" for x in range(-60, 1700, 160))
    marks = "".join(rect(x, 1146, 130, 14, "#f3eee2", 3, opacity=0.75) for x in range(-40, 1700, 290))
    return (rect(0, 1000, WIDE, 92, pavement) + line(joints, "#000", 3, opacity=0.12) + rect(0, 1000, WIDE, 12, "#000", opacity=0.14)
            + rect(0, 1088, WIDE, 22, kerb) + rect(0, 1110, WIDE, 90, road) + rect(0, 1110, WIDE, 10, "#000", opacity=0.2) + marks)


def bricks(x, y, w, h, wall, seam, bond=(92, 36)):
    """A wall with enough of its bricks to be seen as one."""
    wide, high = bond
    out = [rect(x, y, w, h, wall)]
    rows = int(h // high)
    across = "".join(f"M{n(x)} {n(y + high * row)}h{n(w)}" for row in range(1, rows + 1))
    joints = "".join(f"M{n(left)} {n(y + high * row)}v{n(min(high, h - high * row))}" for row in range(rows + 1)
                     for left in range(int(x + (wide if row % 2 else wide / 2)), int(x + w), wide) if h - high * row > 1)
    out.append(path(across + joints, stroke=seam, stroke_width=3, opacity=0.5))
    return "".join(out)


def planks(x, y, w, h, wall, seam, step=54, level=False):
    lines = (f"M{n(x)} {n(y + at)}h{n(w)}" for at in range(step, int(h), step)) if level else (
        f"M{n(x + at)} {n(y)}v{n(h)}" for at in range(step, int(w), step))
    return rect(x, y, w, h, wall) + path("".join(lines), stroke=seam, stroke_width=4, opacity=0.55)


def tiles(x, y, w, h, wall, seam, size=48):
    lines = "".join(f"M{n(x + at)} {n(y)}v{n(h)}" for at in range(size, int(w), size))
    lines += "".join(f"M{n(x)} {n(y + at)}h{n(w)}" for at in range(size, int(h), size))
    return rect(x, y, w, h, wall) + path(lines, stroke=seam, stroke_width=3, opacity=0.6)


def cornice(x, y, w, colour, teeth=True):
    out = rect(x - 26, y - 44, w + 52, 30, colour, 4) + rect(x - 12, y - 16, w + 24, 18, colour)
    if teeth:
        out += "".join(rect(x + at, y + 2, 22, 20, colour) for at in range(0, int(w) - 20, 52))
    return out + shade(x - 12, y - 4, w + 24, 8, 0.2)


def sash(x, y, w, h, frame, glass, curtain=None, arched=False, box=None, shutters=None):
    """A window of the floor above."""
    top = f"M{n(x)} {n(y + h)}V{n(y + w / 2)}a{n(w / 2)} {n(w / 2)} 0 0 1 {n(w)} 0V{n(y + h)}z"
    out = ""
    if shutters:
        for left in (x - w * 0.5 - 8, x + w + 8):
            out += rect(left, y, w * 0.5, h, shutters, 4) + path(
                "".join(f"M{n(left + 10)} {n(y + at)}h{n(w * 0.5 - 20)}" for at in range(20, int(h) - 8, 20)), stroke="#000", stroke_width=4,
                opacity=0.2)
    if arched:
        out += path(top, glass, stroke=frame, stroke_width=14)
    else:
        out += rect(x, y, w, h, glass, 3, stroke=frame, stroke_width=14)
    if curtain:
        high = y + (w * 0.32 if arched else 7)
        out += path(f"M{n(x + 7)} {n(high)}q{n(w * .1)} {n(h * .5)} {n(w * .04)} {n(y + h - 7 - high)}h{n(w * .12)}q{n(w * .22)} {n(-h * .4)} {n(w * .2)} {n(-(y + h - 7 - high))}z",
            curtain)
        out += path(f"M{n(x + w - 7)} {n(high)}q{n(-w * .1)} {n(h * .5)} {n(-w * .04)} {n(y + h - 7 - high)}h{n(-w * .12)}q{n(-w * .22)} {n(-h * .4)} {n(-w * .2)} {n(-(y + h - 7 - high))}z",
            curtain)
    out += path(f"M{n(x + w / 2)} {n(y + 6)}V{n(y + h)}M{n(x)} {n(y + h * .52)}h{n(w)}", stroke=frame, stroke_width=8)
    out += rect(x - 18, y + h + 4, w + 36, 16, frame, 3) + shade(x - 14, y + h + 20, w + 28, 8)
    if box:
        out += rect(x - 8, y + h - 26, w + 16, 40, "#7a4a2b", 4) + "".join(
            circle(x + at, y + h - 34 - (at * 7 % 16), 15, box[ix % len(box)]) for ix, at in enumerate(range(4, int(w), 22)))
    return out


def glass(x, y, w, h, frame, inside, panes=1, r=4, width=16):
    """A shop window, empty: what is in it is drawn between this and `shine`."""
    out = rect(x, y, w, h, inside, r) + rect(x, y, w, h * 0.24, "#000", r, opacity=0.14)
    return out, rect(x, y, w, h, "none", r, stroke=frame, stroke_width=width) + "".join(
        rect(x + w * ix / panes - 5, y, 10, h, frame) for ix in range(1, panes))


def shine(x, y, w, h):
    step = min(w * 0.16, 90)
    return rect(x, y, w, h, "url(#glass)", 4) + path(
        f"M{n(x + w * .1)} {n(y + h)}L{n(x + w * .1 + h * .42)} {n(y)}h{n(step)}L{n(x + w * .1 + step)} {n(y + h)}z", "#fff", opacity=0.13)


def shopwindow(x, y, w, h, frame, inside, *wares, panes=1, width=16, sill=None):
    back, front = glass(x, y, w, h, frame, inside, panes, width=width)
    out = back + "".join(wares) + shine(x, y, w, h) + front
    if sill:
        out += rect(x - 20, y + h + 4, w + 40, 22, sill, 4) + shade(x - 12, y + h + 26, w + 24, 8)
    return out


def door(x, y, w, h, colour, pane="#cfe3e6", handle="#f1d48a", kind="glass", plate=None):
    out = rect(x - 14, y - 14, w + 28, h + 14, "#000", 4, opacity=0.22) + rect(x, y, w, h, colour, 6)
    if kind == "round":
        out += circle(x + w / 2, y + h * 0.3, w * 0.3, pane, stroke="#000", stroke_opacity=0.2, stroke_width=8)
        out += rect(x + w * 0.18, y + h * 0.62, w * 0.64, h * 0.28, "#000", 6, opacity=0.12)
    elif kind == "panels":
        for across in (0.1, 0.54):
            out += rect(x + w * across, y + h * 0.08, w * 0.36, h * 0.44, pane, 4) + rect(x + w * across, y + h * 0.6, w * 0.36, h * 0.32, "#000", 4,
                opacity=0.14)
    else:
        out += rect(x + w * 0.13, y + h * 0.07, w * 0.74, h * 0.7, pane, 4) + path(
            f"M{n(x + w * .2)} {n(y + h * .77)}L{n(x + w * .62)} {n(y + h * .07)}h{n(w * .16)}L{n(x + w * .36)} {n(y + h * .77)}z", "#fff",
                opacity=0.3)
    out += rect(x + w * 0.88 - 6, y + h * 0.48, 12, h * 0.16, handle, 6)
    if plate:
        out += rect(x + w * 0.28, y + h * 0.3, w * 0.44, 56, "#fff8e6", 6) + words(x + w / 2, y + h * 0.3 + 40, plate, 32, "#3c3028")
    return out + rect(x - 22, y + h, w + 44, 14, "#000", 3, opacity=0.25)


def scallops(x, y, w, h, colours, count, drop=34, lean=34):
    """A striped awning with a rounded hem."""
    step = w / count
    out = [path(f"M{n(x + lean)} {n(y)}H{n(x + w - lean)}L{n(x + w)} {n(y + h)}H{n(x)}z", colours[0])]
    upper = (w - 2 * lean) / count
    for ix in range(count):
        colour = colours[ix % len(colours)]
        left, right = x + step * ix, x + step * (ix + 1)
        out.append(path(f"M{n(x + lean + upper * ix)} {n(y)}h{n(upper)}L{n(right)} {n(y + h)}v{n(drop * .4)}a{n(step / 2)} {n(drop * .8)} 0 0 1 {n(-step)} 0v{n(-drop * .4)}z",
            colour))
    out.append(path(f"M{n(x)} {n(y + h)}H{n(x + w)}v10H{n(x)}z", "#000", opacity=0.12))
    return shade(x + 10, y + h, w - 20, drop + 40, 0.16) + "".join(out)


def slope(x, y, w, h, colour, edge, lean=40):
    """A plain slanted awning with a straight hem."""
    return (shade(x + 8, y + h + 20, w - 16, 40, 0.18) + path(f"M{n(x + lean)} {n(y)}H{n(x + w - lean)}L{n(x + w)} {n(y + h)}H{n(x)}z", colour)
            + path(f"M{n(x + lean)} {n(y)}h{n(w * .3)}L{n(x + w * .26)} {n(y + h)}H{n(x)}z", "#fff", opacity=0.1) + rect(x, y + h, w, 34, edge))


def eaves(x, y, w, h, colour, dark, curl=60):
    """A roof of round tiles whose ends curl up."""
    top = f"M{n(x - curl)} {n(y + h - 36)}Q{n(x + 30)} {n(y + h - 14)} {n(x + 110)} {n(y)}H{n(x + w - 110)}Q{n(x + w - 30)} {n(y + h - 14)} {n(x + w + curl)} {n(y + h - 36)}"
    under = f"Q{n(x + w)} {n(y + h + 16)} {n(x + w - 60)} {n(y + h + 16)}H{n(x + 60)}Q{n(x)} {n(y + h + 16)} {n(x - curl)} {n(y + h - 36)}z"
    ribs = "".join(f"M{n(x + 128 + (w - 256) * ix / 20)} {n(y + 6)}L{n(x + 52 + (w - 104) * ix / 20)} {n(y + h + 6)}" for ix in range(21))
    ends = "".join(circle(x + 52 + (w - 104) * ix / 20, y + h + 12, 15, dark) for ix in range(21))
    return (shade(x + 20, y + h + 16, w - 40, 44, 0.22) + path(top + under, colour) + line(ribs, dark, 9, opacity=0.6) + ends
            + rect(x + 100, y - 18, w - 200, 24, dark, 10))


def board(x, y, w, h, back, ink, name, chinese, rim=None, r=10, ratio=0.6, gap=34):
    """A sign with both names side by side, the English one first."""
    # Widths of the font's letters, near enough to set two names round a dot.
    narrow = {" ": 0.28, "i": 0.26, "l": 0.26, "r": 0.38, "t": 0.36, "W": 0.92, "&": 0.68, "m": 0.86, "w": 0.78}
    left, right = sum(narrow.get(letter, 0.66 if letter.isupper() else 0.55) for letter in name), len(chinese)
    unit = min(h * ratio, (w - 140 - 2 * gap) / (left + right))
    start = x + (w - unit * (left + right) - 2 * gap) / 2
    base, dot = y + h / 2 + unit * 0.36, start + unit * left + gap
    out = shade(x + 8, y + 10, w, h, 0.25, r=r) + rect(x, y, w, h, back, r)
    if rim:
        out += rect(x + 11, y + 11, w - 22, h - 22, "none", max(r - 6, 2), stroke=rim, stroke_width=5)
    return (out + words(dot - gap - unit * left / 2, base, name, unit, ink) + words(dot + gap + unit * right / 2, base, chinese, unit, ink)
            + circle(dot, y + h / 2, unit * 0.08, ink))


def lantern(x, y, size=1.0, colour="#d8342b", letter=None, gold="#f3c55b"):
    inside = (line("M0 -64V-46", "#4a3020", 5) + rect(-22, -50, 44, 12, gold, 3) + oval(0, 0, 50, 42, colour)
              + path("M-18 -40Q-34 0 -18 40M18 -40Q34 0 18 40M0 -42V42", stroke="#000", stroke_width=3, opacity=0.2)
              + rect(-22, 38, 44, 12, gold, 3) + line("M-8 52V78M0 52V86M8 52V78", gold, 4))
    if letter:
        inside += words(0, 16, letter, 44, gold)
    return moved(x, y, inside, size=size)


def potted(x, y, size=1.0, pot="#b5623c", leaf="#3f8f55", shape="ball", dots=None):
    if shape == "ball":
        green = circle(0, -120, 62, leaf) + circle(-22, -138, 30, "#fff", opacity=0.1) + line("M0 -60V-20", "#6b4a2e", 12)
    elif shape == "cone":
        green = path("M0 -220L58 -40H-58z", leaf) + path("M0 -220L20 -40H-58z", "#fff", opacity=0.1)
    else:
        green = "".join(path(f"M0 -10Q{n(math.sin(a) * 70 - 18)} -80 {n(math.sin(a) * 110)} {n(-60 - math.cos(a) * 90)}Q{n(math.sin(a) * 40)} -60 0 -10z",
            leaf)
                        for a in (-1.1, -0.55, 0, 0.55, 1.1))
    if dots:
        green += "".join(circle(46 * math.cos(i * 2.4), -120 + 46 * math.sin(i * 2.4) * (0.4 + i % 3 * 0.3), 9, dots) for i in range(9))
    return moved(x, y, green, path("M-48 -40H48L36 20H-36z", pot), rect(-54, -48, 108, 18, pot, 4), shade(-54, -34, 108, 6), size=size)


def lamp(x, y, arm="#2e2a2a", light="#ffe9a8"):
    """A lamp that hangs over a sign."""
    return line(f"M{n(x)} {n(y - 40)}q0 -26 22 -26q22 0 22 26", arm, 7) + path(f"M{n(x + 18)} {n(y - 40)}h52l18 34h-88z", arm) + oval(x + 44, y - 4,
        36, 8, light)


def steam(x, y, size=1.0, colour="#fff"):
    return moved(x, y, line("M-26 0q-18 -26 0 -50t0 -50M4 4q-18 -28 0 -54t0 -54M32 0q-18 -26 0 -50t0 -50", colour, 9, opacity=0.6), size=size)


def wheel(x, y, r, rim="#23262b", hub="#c9ced6", spokes=10):
    lines = "".join(f"M{n(x)} {n(y)}l{n(r * math.cos(2 * math.pi * i / spokes))} {n(r * math.sin(2 * math.pi * i / spokes))}" for i in range(spokes))
    return circle(x, y, r, "none", stroke=rim, stroke_width=max(r * 0.13, 4)) + path(lines, stroke=hub, stroke_width=2.5) + circle(x, y, r * 0.12,
        rim)


def bicycle(x, y, size, frame, seat="#3a2a22", flip=False):
    parts = (wheel(-105, 0, 66) + wheel(105, 0, 66)
             + line("M-105 0L-40 -104H72L105 0M-40 -104L-8 0L72 -104M-105 0H-8", frame, 11)
             + line("M72 -104L62 -140H98q14 4 8 18", "#2b2b2e", 10) + line("M-40 -104L-48 -132", frame, 10)
             + rect(-80, -146, 62, 16, seat, 8) + circle(-8, 0, 17, "#2b2b2e") + line("M-8 0l16 30h18", "#2b2b2e", 7))
    return moved(x, y, group(parts, transform="scale(-1 1)") if flip else parts, size=size)


def flower(x, y, r, petal, heart="#f7d154", petals=6):
    def to(angle, far):
        return f"{n(round(far * math.cos(angle)))} {n(round(far * math.sin(angle)))}"
    turns = (2 * math.pi * i / petals for i in range(petals))
    around = "".join(f"c{to(a - 0.6, r * 1.7)} {to(a + 0.6, r * 1.7)} 0 0" for a in turns)
    return path(f"M{n(x)} {n(y)}{around}", petal) + circle(x, y, r * 0.36, heart)


def picture(title, *parts):
    title = title.replace("&", "&amp;")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}" font-family="{FONT}" text-anchor="middle">'
            f'<title>{title}</title>\n' + "\n".join(parts) + "\n</svg>\n")
