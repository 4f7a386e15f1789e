#!/usr/bin/env python3
"""Draws the shops of the demo city: one front for each shop of shops.json, into shops/*.svg.

    demo/manhattan/draw_shops.py            writes the drawings
    demo/manhattan/draw_shops.py --check    only says whether they are up to date

Python's standard library alone; the same script gives the same bytes. The drawings are ours (Apache-2.0).
"""
import argparse, json, math, pathlib, sys

sys.dont_write_bytecode = True
from brush import *  # noqa: E402

HERE = pathlib.Path(__file__).parent


def nine_bowls(name, zh):
    def bowl(x, y, size, colour, band):
        return moved(x, y, steam(0, -62, 0.9), oval(0, -46, 92, 24, "#f3d9a4"),
                     line("M-60 -48q20 -18 40 0t40 0t40 0M-46 -40q20 -14 40 0t40 0", "#e2b45c", 7), circle(-26, -54, 15, "#fff6e2"),
                         circle(-26, -54, 7, "#f0a33a"),
                     oval(34, -52, 20, 9, "#5d9a4a"), path("M-96 -46Q-90 26 -40 34H40Q90 26 96 -46Q50 -22 0 -22T-96 -46z", colour),
                     line("M-84 -8Q0 22 84 -8", band, 8), rect(-36, 32, 72, 12, colour, 3), line("M40 -58L104 -140M58 -54L124 -128", "#8a4b2a", 7),
                         size=size)
    noren = "".join(path(f"M{x} 616h118v{150 + (x // 118) % 2 * 8}q-59 18 -118 0z", "#24467c") + words(x + 59, 716, letter, 72, "#f6efe0")
                    for x, letter in zip((252, 376, 500, 624), "热汤拉面"))
    return (sky("#9fd3e6", "#fbe9cf", "#b7c7cf"), planks(150, 120, 1300, 880, "#8b4a33", "#5c2c1f", 60, level=True),
        cornice(150, 120, 1300, "#5c2c1f"),
            *(sash(x, 176, 150, 190, "#3d2018", "#ffd98c", arched=False, shutters="#c9563f") for x in (330, 725, 1120)),
            shade(150, 560, 1300, 440, 0.2), rect(190, 590, 1220, 410, "#6d3826"),
            shopwindow(240, 610, 760, 330, "#3d2018", "#ffcf78", rect(240, 880, 760, 60, "#7b4226"), bowl(370, 872, 1.0, "#c8372d", "#f6e3b4"),
                       bowl(620, 872, 1.0, "#27548f", "#f6efe0"), bowl(866, 872, 1.0, "#2d2b2b", "#e0b24c"), noren, panes=1, sill="#3d2018"),
            rect(236, 606, 760, 14, "#3d2018"), door(1080, 640, 230, 360, "#c8372d", "#ffdc92", kind="panels"),
            eaves(150, 480, 1300, 76, "#49596a", "#2f3b49"), board(300, 386, 1000, 108, "#221c1a", "#ffcf6b", name, zh, "#c8372d"),
            lantern(196, 650, 1.25, letter="面"), lantern(1400, 650, 1.25, letter="汤"), lantern(1040, 640, 0.9), street("#d9cdb9"),
            potted(1376, 1040, 0.8, "#3c4a5c", "#4f9a55", "leaf"),
                moved(430, 1040, *(rect(x, -60, 90, 16, "#8b5a36", 6)
                + line(f"M{x + 14} -44v52M{x + 76} -44v52", "#6a4128", 10) for x in (-200, -60, 80, 220))))


def warm_crumb(name, zh):
    def loaf(x, y, colour="#d08a3e"):
        return moved(x, y, path("M-66 0Q-72 -52 -20 -54Q0 -66 20 -54Q72 -52 66 0z", colour),
            line("M-30 -44l14 26M0 -50l14 30M30 -44l10 24", "#f6d9a0", 7), )

    def croissant(x, y):
        return moved(x, y, path("M-56 0Q-52 -46 0 -50Q52 -46 56 0Q38 -18 0 -18T-56 0z", "#e0a04a"),
            line("M-26 -42l8 24M0 -48v28M26 -42l-8 24", "#b87429", 5))

    def cake(x, y, ice):
        return moved(x, y, rect(-60, -56, 120, 56, "#f6e2c4", 6), path("M-62 -60H62V-30q-15 20 -31 0t-31 0t-31 0t-31 0z", ice),
            *(circle(at, -68, 11, "#d0303c") for at in (-38, 0, 38)), rect(-80, 0, 160, 10, "#fff", 5))
    def shelf(y, x, w):
        return rect(x, y, w, 12, "#a06a3a")
    wares = (shelf(752, 230, 500), shelf(890, 230, 500), *(loaf(x, 752) for x in (320, 470, 630)), croissant(310, 890), croissant(440, 890),
        cake(620, 880, "#f2a7b5"))
    right = (shelf(752, 1040, 330), shelf(890, 1040, 330), croissant(1104, 752), croissant(1206, 752), loaf(1298, 752, "#a8632c"),
        cake(1126, 880, "#8a5236"), loaf(1282, 890, "#e3ac5f"))
    wheat = "".join(oval(at, -at * 0.4, 9, 20, "#e0a93c", transform=f"rotate({turn} {at} {n(-at * 0.4)})") for at,
        turn in ((0, 20), (18, 60), (34, 20), (52, 60), (70, 30)))
    return (sky("#ffd9b0", "#fff3df", "#e4c6ad"), rect(150, 120, 1300, 880, "#f7ead2"), cornice(150, 120, 1300, "#e0b98a"),
            *(sash(x, 180, 170, 200, "#ffffff", "#a9d2dc", curtain="#fff3e4", arched=True, box=("#e8637a", "#f6b04d")) for x in (270, 715, 1160)),
            rect(150, 440, 1300, 560, "#d9793d"), rect(150, 440, 1300, 10, "#b45f2c"), rect(150, 960, 1300, 40, "#9c4f24"),
            shopwindow(230, 600, 500, 330, "#fff4df", "#ffe3ad", *wares, sill="#fff4df"), door(800, 620, 170, 380, "#fff4df", "#ffe9c2", plate=None),
            shopwindow(1040, 600, 330, 330, "#fff4df", "#ffe3ad", *right, sill="#fff4df"),
            rect(1370, 590, 16, 350, "#d9793d"), scallops(190, 540, 1220, 96, ("#fff7ea", "#e8653f"), 15),
            board(270, 446, 1060, 94, "#fff7ea", "#8a431b", name, zh, "#e0a93c", r=46),
            moved(350, 505, wheat, turn=-30), moved(1250, 505, group(wheat, transform="scale(-1 1)"), turn=30), street("#e2d5c3"),
            moved(560, 1050, rect(-90, -150, 180, 130, "#3b332c", 8, stroke="#b27b45", stroke_width=14), words(0, -98, "FRESH", 40, "#ffe9c2"),
            words(0, -46, "现烤面包", 38, "#ffc46b"), line("M-70 -20v26M70 -20v26", "#b27b45", 14)),
            potted(196, 1040, 0.85, "#c05a33", "#5c9a50"), potted(1410, 1040, 0.85, "#c05a33", "#5c9a50"))


def stem_and_story(name, zh):
    colours = ("#e8467c", "#f7a531", "#8b5fd0", "#f25f4c", "#ffffff", "#f58fb8")

    def bucket(x, y, size, pot, petal, many=7):
        stems = "".join(line(f"M0 -40Q{n((i - many // 2) * 8)} -80 {n((i - many // 2) * 26)} {n(-120 - (i * 37 % 40))}", "#3d8a4a",
            6) for i in range(many))
        heads = "".join(flower((i - many // 2) * 26, -124 - (i * 37 % 40), 25, petal if i % 3 else "#fff4f0") for i in range(many))
        return moved(x, y, stems, heads, path("M-58 -70H58L44 0H-44z", pot), rect(-62, -78, 124, 16, pot, 4), shade(-62, -64, 124, 6), size=size)
    vine = "".join(oval(x, 452 + 26 * math.sin(x / 47), 26, 15, ("#3f8f52", "#57a865", "#2f7a45")[x // 30 % 3],
        transform=f"rotate({x * 7 % 90 - 45} {x} {n(452 + 26 * math.sin(x / 47))})") for x in range(170, 1440, 30))
    buds = "".join(flower(x, 448 + 28 * math.sin(x / 47 + 0.6), 19, colours[ix % 6]) for ix, x in enumerate(range(190, 1440, 92)))
    wares = (rect(520, 900, 850, 40, "#6f9c7a"), rect(560, 772, 780, 14, "#6f9c7a"),
        *(bucket(x, 772, 0.62, p, c, 5) for x, p, c in ((640, "#5a7fa8", colours[2]), (800, "#c9d4d0", colours[1]), (960, "#e2b77a", colours[5]),
        (1120, "#5a7fa8", colours[0]), (1270, "#c9d4d0", colours[3]))),
             *(bucket(x, 906, 0.8, p, c) for x, p, c in ((650, "#e2b77a", colours[0]), (850, "#5a7fa8", colours[4]), (1050, "#d98b6a", colours[1]),
             (1250, "#c9d4d0", colours[2]))))
    return (sky("#bfe6e4", "#f4fbef", "#bcd3cb"), bricks(150, 120, 1300, 880, "#dfe9df", "#b6c9bb"), cornice(150, 120, 1300, "#4f8a68"),
            *(sash(x, 178, 150, 190, "#4f8a68", "#cfe8ea", curtain="#ffffff", box=colours) for x in (300, 560, 890, 1150)),
            rect(150, 470, 1300, 530, "#2f6b4f"), rect(150, 960, 1300, 40, "#225240"), door(230, 620, 210, 380, "#f2c6d0", "#d9f0e6"),
            shopwindow(520, 610, 850, 330, "#f7f4e9", "#d6efdf", *wares, panes=2, sill="#f7f4e9"),
            slope(480, 560, 930, 70, "#f2a5bb", "#e07a99"), board(210, 476, 1180, 96, "#f7f4e9", "#2f6b4f", name, zh, "#f2a5bb", r=20), vine, buds,
                street("#d8d6c8"),
            *(bucket(x, 1058, s, p, c) for x, s, p, c in ((196, 1.0, "#5a7fa8", colours[1]), (500, 0.9, "#d98b6a", colours[0]),
            (640, 1.05, "#c9d4d0", colours[5]), (790, 0.9, "#e2b77a", colours[2]), (1330, 1.0, "#d98b6a", colours[3]),
            (1450, 0.85, "#5a7fa8", colours[1]))))


def second_mirror(name, zh):
    def pole(x, y, h):
        bands = "".join(path(f"M-26 {n(at)}L26 {n(at - 36)}v22L-26 {n(at + 22)}z", colour) for ix,
            at in enumerate(range(20, h + 36, 30)) for colour in (("#d23b3b", "#2d5fb3")[ix % 2],))
        return moved(x, y, rect(-26, 0, 52, h, "#fff"), group(bands, clip_path="url(#pole)"),
                     rect(-26, 0, 14, h, "#fff", opacity=0.35), rect(-34, -18, 68, 22, "#c9ced6", 6), rect(-34, h - 4, 68, 22, "#c9ced6", 6),
                     circle(0, -36, 24, "#f4f6f8"), circle(-7, -43, 7, "#fff"))
    chair = moved(530, 930, rect(-14, -80, 28, 70, "#9aa3ad"), oval(0, -8, 76, 16, "#78818b"), rect(-90, -130, 180, 44, "#a5302c", 16),
        rect(46, -280, 50, 180, "#a5302c", 22), rect(40, -326, 52, 50, "#8c2724", 18), rect(-96, -168, 130, 20, "#c9ced6", 10),
        line("M-84 -150v24", "#c9ced6", 12))
    mirror = oval(330, 760, 82, 112, "#e8f4f6", stroke="#c79a4c", stroke_width=16) + path("M276 800L350 668h26L300 830z", "#fff", opacity=0.7)
    bottles = "".join(rect(x, 880 - h, 30, h, c, 5) + rect(x + 9, 862 - h, 12, 20, "#f4efe4", 3) for x, h,
        c in ((250, 60, "#2f7d74"), (296, 78, "#c8822e"), (342, 54, "#34507e"), (390, 70, "#a5302c")))
    scissors = line("M-40 -60L30 46M40 -60L-30 46", "#f3ead6", 10) + circle(-40, 64, 24, "none", stroke="#f3ead6", stroke_width=10) + circle(40, 64,
        24, "none", stroke="#f3ead6", stroke_width=10)
    return (sky("#a8c7dc", "#eef2ee", "#9fb2bf"), '<defs><clipPath id="pole"><rect x="-26" width="52" height="260"/></clipPath></defs>',
        bricks(150, 120, 1300, 880, "#a8553f", "#7c3b2b"), cornice(150, 120, 1300, "#e9dcc4"),
            *(sash(x, 180, 140, 200, "#e9dcc4", "#5b7d8d", curtain="#d8e2e0") for x in (250, 490, 970, 1210)),
            moved(800, 290, circle(0, 0, 104, "#1f2a3a"), circle(0, 0, 90, "none", stroke="#c79a4c", stroke_width=6),
            group(scissors, transform="scale(.92)")),
            rect(190, 440, 1220, 560, "#1f2a3a"), rect(190, 960, 1220, 40, "#141d2a"), rect(190, 578, 1220, 8, "#c79a4c"),
            shopwindow(240, 620, 620, 320, "#c79a4c", "#dfe9e6", *(rect(x, 620, 44, 320, "#cfdcd8") for x in range(240, 800, 88)), mirror,
            rect(240, 880, 200, 16, "#6b4a2e"), bottles, chair, words(752, 730, "CUTS", 58, "#1f2a3a"),
            words(752, 796, "剪发 修面", 44, "#a5302c", room=180), width=14, sill="#c79a4c"),
            door(1010, 620, 230, 380, "#a5302c", "#d7e6e8", plate="OPEN"), pole(940, 650, 260), pole(1330, 650, 260),
            board(230, 456, 1140, 108, "#f3ead6", "#1f2a3a", name, zh, "#a5302c", r=6), *(lamp(x, 452) for x in (360, 780, 1180)), street("#cfc9c0"),
            moved(420, 1046, rect(-120, -62, 240, 20, "#8b5a36", 6), rect(-120, -110, 240, 16, "#8b5a36", 6),
            line("M-96 -42v50M96 -42v50M-96 -100v40M96 -100v40", "#2b2b2e", 12)))


def willow_clinic(name, zh):
    heart = path("M0 40C-70 -6 -52 -62 -18 -58Q-4 -56 0 -40Q4 -56 18 -58C52 -62 70 -6 0 40z", "#fff")
    pulse = line("M-150 0H-50l20 -46l34 92l26 -72l14 26H150", "#fff", 12)
    willow = "".join(line(f"M{x} 560Q{n(x + sway)} {n(680 + drop * .5)} {n(x + sway * 1.3)} {n(700 + drop)}", "#6fae74", 7)
        + "".join(oval(x + sway * (0.4 + k * 0.2), 620 + drop * k * 0.25 + k * 14, 8, 18, "#8cc487") for k in range(5))
                     for x, sway, drop in ((1290, -36, 160), (1330, -14, 200), (1370, 10, 210), (1410, 30, 170), (1450, 52, 140), (1252, -54, 110),
                         (1486, 70, 100)))
    tree = line("M1372 1050Q1390 820 1370 560", "#7b5a40", 34) + circle(1370, 540, 118, "#7dba7b") + circle(1300, 580, 76, "#6fae74") + circle(1442,
        580, 80, "#8cc487") + willow
    doctor = moved(610, 930, rect(-62, -160, 124, 170, "#fff", 26), path("M-14 -160L0 -110L14 -160z", "#7fc3bd"), circle(0, -212, 48, "#f0c39e"),
        path("M-50 -216Q-44 -270 0 -270T50 -216Q20 -246 -50 -216z", "#3a2d2a"), line("M-26 -150q4 60 26 60t26 -60", "#3f5a6b", 7),
        circle(0, -84, 11, "#3f5a6b"), circle(-17, -208, 5, "#3a2d2a"), circle(17, -208, 5, "#3a2d2a"), line("M-12 -190q12 10 24 0", "#b4624e", 5))
    kid = moved(790, 930, rect(-46, -96, 92, 110, "#f2b63d", 22), circle(0, -138, 42, "#f4cfae"),
        path("M-44 -142Q-40 -188 0 -186T44 -142Q10 -166 -44 -142z", "#7a4a2b"), circle(-14, -134, 4, "#3a2d2a"), circle(14, -134, 4, "#3a2d2a"),
        line("M-10 -118q10 8 20 0", "#b4624e", 4))
    return (sky("#c9ecf2", "#f6fcf9", "#c8dde0"), tiles(150, 150, 1300, 850, "#ffffff", "#dfeceb", 86), rect(130, 120, 1340, 40, "#2a9d94"),
        rect(150, 160, 1300, 10, "#000", opacity=0.08),
            *(rect(x, 220, 240, 190, "#bfe3e6", 10, stroke="#2a9d94", stroke_width=12)
            + path(f"M{x + 30} 404L{x + 150} 226h50L{x + 80} 404z", "#fff", opacity=0.4) + rect(x + 116, 226, 8, 180, "#2a9d94") for x in (250, 960)),
            moved(800, 300, circle(0, 0, 108, "#2a9d94"), circle(0, 0, 94, "none", stroke="#fff", stroke_width=6, opacity=0.7),
            group(heart, transform="scale(1.2)"), group(line("M-80 4H-26l10 -24l18 48l14 -38l8 14H80", "#2a9d94", 9))),
            rect(150, 450, 1300, 124, "#2a9d94"), moved(252, 512, group(pulse, transform="scale(.5)"), opacity=0.7),
            words(610, 536, name, 76, "#fff", room=640), words(1050, 536, zh, 76, "#fff"), rect(150, 574, 1300, 12, "#000", opacity=0.14),
            shopwindow(240, 630, 680, 300, "#2a9d94", "#e8f7f4", rect(240, 880, 680, 50, "#bfe3de"), rect(300, 680, 150, 110, "#fff", 8),
            line("M320 740h34l12 -26l20 52l14 -26h30", "#ea6a5c", 7), doctor, kid, potted(340, 930, 0.62, "#f2b63d", "#57a865", "leaf"), panes=1,
            width=14, sill="#d5e4e3"),
            door(980, 620, 118, 380, "#d5e4e3", "#bfe3e6"), door(1106, 620, 118, 380, "#d5e4e3", "#bfe3e6"),
            slope(930, 560, 360, 40, "#f2b63d", "#e09f24", 20), tree, street("#dfe2dd"),
            moved(560, 1046, rect(-150, -58, 300, 18, "#2a9d94", 8), rect(-150, -112, 300, 26, "#2a9d94", 8),
            line("M-120 -40v46M120 -40v46", "#7b8a8c", 12)), potted(206, 1042, 0.8, "#fff", "#57a865", "ball", "#f7d154"))


def wag_and_whisker(name, zh):
    paw = oval(0, 16, 30, 25, "#fff") + "".join(oval(x, y, 12, 16, "#fff") for x, y in ((-34, -10), (-13, -30), (13, -30), (34, -10)))
    dog = moved(450, 930, path("M-90 0Q-104 -150 -10 -156Q96 -150 92 0z", "#d99a52"), path("M-40 0Q-44 -90 0 -96Q44 -90 40 0z", "#f7e3c4"),
        circle(0, -196, 84, "#d99a52"), path("M-78 -244Q-128 -236 -110 -150Q-84 -150 -62 -196z", "#9c6430"),
        path("M78 -244Q128 -236 110 -150Q84 -150 62 -196z", "#9c6430"),
                oval(0, -168, 46, 38, "#f7e3c4"), oval(0, -186, 17, 12, "#3a2a22"), line("M0 -174v14q-14 16 -26 6M0 -160q14 16 26 6", "#3a2a22", 5),
                    circle(-32, -216, 10, "#3a2a22"), circle(32, -216, 10, "#3a2a22"), path("M-8 -146q8 34 18 0z", "#ee6d7c"),
                    rect(-54, -126, 108, 18, "#2f7fc1", 9), circle(0, -108, 13, "#f7d154"))
    cat = moved(760, 930, line("M70 -20Q140 -40 120 -130", "#5c6270", 26), path("M-70 0Q-80 -130 0 -134Q80 -130 70 0z", "#6d7484"),
        circle(0, -172, 68, "#6d7484"), path("M-62 -196L-56 -262L-14 -228z", "#6d7484"), path("M62 -196L56 -262L14 -228z", "#6d7484"),
        path("M-52 -206L-50 -240L-28 -224z", "#f3b3bd"), path("M52 -206L50 -240L28 -224z", "#f3b3bd"),
                oval(-26, -178, 13, 16, "#c9e86a"), oval(26, -178, 13, 16, "#c9e86a"), oval(-26, -178, 4, 14, "#222"), oval(26, -178, 4, 14, "#222"),
                    path("M-9 -156H9L0 -146z", "#f3b3bd"), line("M-80 -158l44 6M-80 -138l44 -6M80 -158l-44 6M80 -138l-44 -6", "#e6e9ee", 4),
                    line("M0 -146v6q-10 10 -18 4M0 -140q10 10 18 4", "#2e323b", 4), path("M-30 0Q-30 -70 0 -76Q30 -70 30 0z", "#eef0f4"))
    bone = moved(0, 0, rect(-54, -12, 108, 24, "#fff6e4", 10), *(circle(x, y, 19, "#fff6e4") for x in (-56, 56) for y in (-14, 14)))
    kennel = moved(1400, 1050, rect(-86, -120, 172, 128, "#e35d4f"), path("M-112 -112L0 -214L112 -112z", "#7d3a34"),
        path("M-44 8V-50a44 44 0 0 1 88 0V8z", "#4a2320"), moved(0, -136, bone, size=0.5))
    return (sky("#bfe3ff", "#fff6e0", "#b9cbe0"), planks(150, 120, 1300, 880, "#ffd977", "#e8b64b", 70),
        path("M120 130L800 40L1480 130V168H120z", "#3d8fd1"), path("M120 130L800 40V168H120z", "#fff", opacity=0.12), shade(150, 168, 1300, 14),
            *(circle(x, 288, 92, "#fff") + circle(x, 288, 74, "#a9d8f0")
            + path(f"M{x - 74} 288h148M{x} 214v148", stroke="#fff", stroke_width=9) for x in (340, 1260)),
            moved(800, 290, circle(0, 0, 112, "#e35d4f"), group(paw, transform="scale(2)")),
            rect(150, 420, 1300, 580, "#3d8fd1"), rect(150, 960, 1300, 40, "#2b6da5"),
            *(moved(x, y, paw, turn=t, size=0.55, ) for x, y, t in ((206, 690, -20), (1400, 640, 20), (1060, 640, 10), (206, 860, 15))),
            shopwindow(270, 600, 720, 340, "#fff6e4", "#fff0c9", rect(270, 900, 720, 40, "#f0b35a"), circle(620, 680, 40, "#e35d4f"),
            path("M586 664q34 30 68 0M586 696q34 -30 68 0", stroke="#fff", stroke_width=5), dog, cat, circle(920, 886, 34, "#7bc46b"),
            path("M890 876q30 24 60 0", stroke="#fff", stroke_width=6), moved(906, 690, bone, turn=-30), panes=1, sill="#fff6e4"),
            door(1096, 610, 230, 390, "#e35d4f", "#cfeaf6", kind="round"),
            scallops(230, 540, 1140, 84, ("#fff6e4", "#e35d4f", "#fff6e4", "#3fae8f"), 16),
            board(250, 432, 1100, 104, "#fff6e4", "#2b5f92", name, zh, "#e35d4f", r=52, ratio=0.52), street("#dcd3c2"), kennel,
            moved(640, 1044, oval(0, 6, 72, 14, "#2b6da5"), path("M-64 -26H64L74 8H-74z", "#3fae8f"), oval(0, -26, 64, 14, "#bfe8f5")))


def bubble_bay(name, zh):
    car = moved(560, 940, oval(0, 12, 280, 16, "#1c2b38", opacity=0.5),
        path("M-262 0V-70Q-256 -104 -200 -110L-130 -186Q-116 -200 -90 -200H78Q104 -200 122 -182L186 -112Q258 -104 264 -60V0z", "#ee5b4a"),
        path("M-110 -118L-76 -174Q-72 -180 -60 -180H-16V-118z", "#d8f1f7"), path("M8 -180H66Q78 -180 88 -170L130 -118H8z", "#d8f1f7"),
                path("M-262 -40H264V-20H-262z", "#c84433"), rect(-256, -84, 40, 26, "#fff1b8", 10), rect(226, -84, 36, 24, "#ffb54a", 8),
                *(circle(x, 0, 54, "#23303b") + circle(x, 0, 28, "#c9d5da") for x in (-158, 160)), line("M-4 -114v100", "#c84433", 5),
                rect(20, -92, 44, 10, "#c84433", 5))
    foam = "".join(circle(x, y, r, "#ffffff", opacity=0.92) for x, y,
        r in ((420, 752, 34), (470, 734, 44), (530, 738, 40), (590, 730, 46), (640, 748, 36), (700, 800, 30), (356, 824, 30), (740, 836, 24),
        (322, 860, 24)))
    bubbles = "".join(circle(x, y, r, "#bfeaff", opacity=0.5) + circle(x, y, r, "none", stroke="#fff", stroke_width=4)
        + circle(x - r * .35, y - r * .35, r * .18, "#fff") for x, y, r in
                      ((250, 380, 40), (330, 300, 26), (1320, 350, 46), (1240, 270, 28), (1400, 250, 22), (190, 250, 30), (420, 250, 18),
                          (940, 560, 26), (1000, 690, 20), (270, 690, 24), (850, 640, 18), (1120, 230, 20), (560, 210, 24)))
    rollers = "".join(rect(x, 600, 70, 340, c, 34) + path("".join(f"M{x} {y}l70 26" for y in range(610, 920, 30)), stroke="#fff", stroke_width=8,
        opacity=0.5) for x, c in ((232, "#2d7dd2"), (818, "#2d7dd2")))
    return (sky("#6ec6ee", "#e9f9ff", "#9fcbe0"), rect(110, 460, 1380, 540, "#eef6f8"), rect(110, 460, 1380, 24, "#fff"),
        tiles(110, 484, 1380, 516, "#dff0f4", "#bfdbe3", 64), bubbles,
            path("M90 400H1510L1466 500H134z", "#1496bb"), path("M90 400H800V500H134z", "#fff", opacity=0.1), rect(134, 500, 1332, 16, "#0c6f8c"),
            *(rect(x, 500, 90, 16, "#ffd84d") for x in range(134, 1466, 180)),
            path("M210 960V640Q210 560 300 560H820Q910 560 910 640V960z", "#0f3e50"),
            path("M232 960V650Q232 580 306 580H814Q888 580 888 650V960z", "#1d617a"), rollers, car, foam,
            line("M250 590H870", "#7bd0ea", 10, stroke_dasharray="4 22"),
            rect(970, 590, 430, 350, "#1496bb", 14), shopwindow(1000, 620, 190, 200, "#fff", "#cdeefa",
            moved(1095, 760, circle(0, -44, 40, "#f0c39e"), path("M-44 -52Q0 -104 44 -52z", "#ffd84d"), rect(-50, -58, 100, 12, "#ffd84d", 6),
            rect(-56, -6, 112, 70, "#1496bb", 20)), width=12), door(1226, 640, 140, 300, "#ffd84d", "#cdeefa"),
            words(1096, 890, "WASH · 洗车", 36, "#fff", room=200), shade(110, 940, 1380, 20, 0.14), rect(110, 940, 1380, 60, "#b9d3da"),
                path("".join(f"M{x} 1000l40 -60h40l-40 60z" for x in range(110, 1450, 80)), "#ffd84d", opacity=0.9),
            moved(800, 300, rect(-470, -104, 940, 190, "#0c4f66", 95), rect(-454, -88, 908, 158, "none", 79, stroke="#ffd84d", stroke_width=8),
            words(-140, 32, name, 104, "#fff", room=560), words(268, 32, zh, 92, "#ffd84d")), line("M520 386V404M1080 386V404", "#0c4f66", 26),
            street("#c6d5d8"), moved(1130, 1060, path("M-46 -84H46L36 0H-36z", "#ee5b4a"), line("M-44 -84Q0 -150 44 -84", "#8a9aa2", 7),
            *(circle(x, -92, r, "#fff") for x, r in ((-24, 20), (6, 26), (32, 18)))), oval(560, 1052, 260, 16, "#8fd0e6", opacity=0.6))


def needle_lane(name, zh):
    def form(x, y, cloth, trim):
        return moved(x, y, line("M0 -60V0M-50 8L0 -20L50 8", "#5a3a28", 12),
            path("M-34 -330Q0 -344 34 -330L74 -300Q62 -240 54 -200Q52 -130 68 -60H-68Q-52 -130 -54 -200Q-62 -240 -74 -300z", cloth),
            rect(-15, -366, 30, 40, "#c9a06a", 8), circle(0, -370, 17, "#a9783f"),
                     path("M-34 -330L0 -250L34 -330L16 -336L0 -296L-16 -336z", trim), line("M0 -250V-62", trim, 4),
                     *(circle(9, at, 6, trim) for at in (-220, -170, -120)))
    dress = moved(860, 930, line("M0 -60V0M-50 8L0 -20L50 8", "#5a3a28", 12),
        path("M-30 -330Q0 -316 30 -330L52 -300Q40 -240 34 -206Q60 -130 104 -50H-104Q-60 -130 -34 -206Q-40 -240 -52 -300z", "#c23b58"),
        rect(-15, -366, 30, 44, "#c9a06a", 8), circle(0, -372, 17, "#a9783f"), rect(-38, -218, 76, 18, "#f5d27a", 6),
                  line("M-60 -120Q-40 -90 -52 -52M0 -180V-52M60 -120Q40 -90 52 -52", "#9c2742", 5))
    def spool(x, y, colour, size=1.0):
        return moved(x, y, rect(-30, -72, 60, 56, colour, 6), path("M-30 -60h60M-30 -46h60M-30 -32h60", stroke="#fff", stroke_width=3, opacity=0.35),
            rect(-40, -84, 80, 16, "#d9a765", 5), rect(-40, -18, 80, 18, "#d9a765", 5), size=size)
    spools = "".join(spool(x, 728, c, 0.8) for x, c in zip(range(300, 960, 82),
        ("#e0503f", "#2d7d9a", "#f0b23b", "#6b4fa0", "#3f9a63", "#e37fa1", "#274b78", "#c47a36")))
    tape = line("M200 430Q420 470 620 428T1040 432T1410 424", "#f7d154", 26) + path("M200 430Q420 470 620 428T1040 432T1410 424", stroke="#3a2a22",
        stroke_width=14, stroke_dasharray="4 26")
    needle = moved(800, 286, line("M-300 40L300 -40", "#d5dbe2", 16), path("M300 -40l52 -8l-48 22z", "#d5dbe2"),
        oval(-270, 36, 22, 8, "#5f4b7a", transform="rotate(-7 -270 36)"),
        line("M-276 36Q-380 -60 -330 70T-200 96T-40 74T150 92T330 60", "#e0503f", 7))
    button = lambda x, y, r, c: circle(x, y, r, c) + circle(x, y, r * 0.78, "none", stroke="#000", stroke_width=4,
        stroke_opacity=0.2) + "".join(circle(x + a, y + b, r * 0.12, "#3a2a3a") for a in (-r * 0.26, r * 0.26) for b in (-r * 0.26, r * 0.26))
    return (sky("#cdbfe0", "#f9ecdf", "#b9aac6"), bricks(150, 120, 1300, 880, "#77628f", "#5b4a72"), cornice(150, 120, 1300, "#f0e2c8"),
        rect(290, 190, 1020, 190, "#5f4b7a", 18), needle, button(226, 280, 46, "#f0b23b"), button(1376, 280, 46, "#3fa89a"),
            rect(180, 400, 1240, 600, "#3b2c4c"), rect(180, 960, 1240, 40, "#2a1f38"),
            shopwindow(240, 616, 760, 324, "#f0e2c8", "#f4e6d0", rect(280, 728, 690, 12, "#a9783f"), spools,
            group(form(370, 930, "#2b3d63", "#e9e2d2"), form(600, 930, "#7b5a3a", "#f3d9a4"), dress, transform="translate(120 186) scale(.8)"),
            panes=1, sill="#f0e2c8"),
            door(1100, 620, 220, 380, "#3fa89a", "#e4f1ec", kind="panels"), slope(210, 556, 820, 56, "#3fa89a", "#2c8478"),
            board(220, 446, 1160, 104, "#f0e2c8", "#3b2c4c", name, zh, "#c23b58", r=8), tape, street("#d3cbd0"),
            spool(1400, 1062, "#e0503f", 1.9), spool(196, 1056, "#2d7d9a", 1.5), line("M1444 1000Q1500 1080 1420 1076T1250 1062", "#e0503f", 7),
                potted(1050, 1040, 0.7, "#f0b23b", "#5c9a62", "cone"))


def folded_corner(name, zh):
    inks = ("#d9503f", "#2f6f8f", "#f0b23b", "#3f8f5f", "#7b4f9a", "#e98a5b", "#274b78", "#c9d5d0", "#8a3b52", "#5fa8a0")

    def row(x, y, w, high, seed):
        out, at, ix = [], 0, seed
        while at < w - 20:
            wide, tall = 20 + ix * 7 % 18, high - ix * 11 % 30
            out.append(rect(x + at, y - tall, wide - 2, tall, inks[ix * 3 % 10], 2)
                + rect(x + at + 3, y - tall + 14, wide - 8, 6, "#fff", opacity=0.6))
            at, ix = at + wide, ix + 1
        return "".join(out) + rect(x - 6, y, w + 12, 12, "#7a5232")
    opened = lambda x, y, s: moved(x, y, path("M0 0Q-50 -26 -110 -10V-110Q-50 -126 0 -100Q50 -126 110 -110V-10Q50 -26 0 0z", "#fffaf0"),
        line("M0 0V-100M-92 -86q40 -8 72 4M-92 -62q40 -8 72 4M-92 -38q40 -8 72 4M92 -86q-40 -8 -72 4M92 -62q-40 -8 -72 4M92 -38q-40 -8 -72 4",
        "#b9a88c", 5), size=s)
    cat = moved(1240, 930, path("M-64 0Q-70 -70 0 -72Q72 -70 66 0z", "#2f2b33"), circle(-34, -92, 40, "#2f2b33"),
        path("M-68 -108L-62 -150L-38 -126z", "#2f2b33"), path("M0 -108L-6 -150L-30 -126z", "#2f2b33"), line("M60 -10Q110 -30 96 -80", "#2f2b33", 16),
        oval(-48, -96, 6, 9, "#f0d24a"), oval(-20, -96, 6, 9, "#f0d24a"))
    page = path("M560 150H980L1060 230V398H560z", "#fffaf0") + path("M980 150V230H1060z",
        "#e4d3b0") + line("M620 222H920M620 268H1000M620 314H1000M620 360H880", "#c9b791", 9)
    return (sky("#b9d8d4", "#fbf3e2", "#aebfb8"), planks(150, 120, 1300, 880, "#2f5d57", "#21443f", 65), cornice(150, 120, 1300, "#e9d9b5"),
        *(sash(x, 184, 150, 196, "#e9d9b5", "#8fb7b4", curtain="#f6ead0", box=("#e98a5b", "#f0b23b")) for x in (240, 1210)),
            shade(570, 160, 500, 248, 0.25), page, moved(486, 290, circle(0, 0, 44, "#e9d9b5"), words(0, 18, "书", 52, "#2f5d57")),
                moved(1134, 290, circle(0, 0, 44, "#e9d9b5"), words(0, 18, "读", 52, "#2f5d57")),
            rect(180, 430, 1240, 570, "#8a3b2f"), rect(180, 960, 1240, 40, "#67291f"),
            shopwindow(230, 606, 470, 334, "#e9d9b5", "#ffe6b5", row(250, 714, 430, 86, 1), row(250, 822, 430, 88, 8), row(250, 928, 260, 84, 4),
            opened(600, 926, 0.72), panes=2, sill="#e9d9b5"),
            door(744, 610, 200, 390, "#2f5d57", "#fff0cf", plate="开卷"),
            shopwindow(990, 606, 380, 334, "#e9d9b5", "#ffe6b5", row(1004, 714, 356, 86, 5), row(1004, 822, 356, 88, 2),
            *(rect(1020 + ix * 4, 908 - ix * 22, 130 - ix * 8, 20, inks[ix * 2], 3) for ix in range(4)), cat, panes=1, sill="#e9d9b5"),
            scallops(200, 548, 1200, 60, ("#2f5d57", "#e9d9b5"), 20, drop=26, lean=20),
                board(210, 440, 1180, 104, "#e9d9b5", "#67291f", name, zh, "#8a3b2f", r=4), street("#d6d0c0"),
            moved(560, 1052, rect(-190, -66, 380, 70, "#7a5232", 4),
            *(rect(-176 + ix * 30, -110 + ix * 13 % 20, 26, 90, inks[ix % 10], 2) for ix in range(12)), rect(-190, -40, 380, 44, "#94663f", 4),
            words(0, -8, "$1 · 一元书", 34, "#fff3d8")), potted(1100, 1044, 0.8, "#e98a5b", "#3f8f5f", "leaf"),
            moved(1390, 1050, rect(-70, -20, 140, 18, "#7a5232", 6), line("M-54 -4v18M54 -4v18", "#5c3c24", 12), opened(0, -22, 0.55)))


def hundred_drawers(name, zh):
    herbs = "当归黄芪甘草枸杞人参茯苓陈皮白术川芎熟地"
    drawers = "".join(rect(x, y, 84, 58, "#9c5b33", 4, stroke="#6f3d20", stroke_width=5)
        + words(x + 42, y + 34, herbs[(ix * 2) % 20:(ix * 2) % 20 + 2], 25, "#f6deb0") + circle(x + 42, y + 46, 6, "#e5b860")
                      for ix, (x, y) in enumerate((x, y) for y in range(612, 860, 62) for x in range(262, 840, 88)))
    jar = lambda x, y, c, s=1.0: moved(x, y, path("M-34 0Q-52 -60 -24 -88H24Q52 -60 34 0z", c), rect(-26, -102, 52, 16, "#6f3d20", 5),
        rect(-24, -62, 48, 34, "#fff6e2", 4), words(0, -36, "药", 26, "#31624f"), size=s)
    mortar = moved(730, 900, path("M-70 -80H70Q66 0 30 8H-30Q-66 0 -70 -80z", "#e8e4da"), oval(0, -80, 70, 16, "#c9c3b4"),
        line("M20 -86L70 -170", "#b9b09c", 24), rect(-40, 4, 80, 14, "#c9c3b4", 5))
    gourd = moved(800, 268, circle(0, 44, 78, "#d99a3c"), circle(0, -50, 48, "#d99a3c"), path("M-34 -8Q0 14 34 -8L30 4Q0 22 -30 4z", "#b8371f"),
        line("M0 -96Q6 -120 26 -124", "#6f7a3a", 12), path("M-50 20Q-60 50 -40 86", stroke="#fff", stroke_width=10, opacity=0.4),
        words(0, 70, "安", 70, "#7a2d17"), size=1.0)
    cross = lambda x, y, s: moved(x, y, rect(-58, -58, 116, 116, "#fff", 22), path("M-16 -42H16V-16H42V16H16V42H-16V16H-42V-16H-16z", "#2f9460"),
        size=s)
    return (sky("#cfe3c8", "#f7f4e0", "#b6c6ae"), tiles(150, 120, 1300, 880, "#e9e2cf", "#cfc4a8", 65),
        eaves(150, 76, 1300, 64, "#31624f", "#224a3a", 40),
            *(sash(x, 196, 190, 190, "#31624f", "#f3e3b0") + "".join(rect(x + 190 * k / 5 - 3, 200, 6, 186, "#31624f") for k in range(1, 5))
            + "".join(rect(x, y, 190, 6, "#31624f") for y in (240, 330)) for x in (230, 460, 950, 1180)), gourd,
            rect(180, 430, 1240, 570, "#31624f"), rect(180, 960, 1240, 40, "#224a3a"),
            shopwindow(240, 596, 640, 344, "#b8371f", "#7c4526", drawers, rect(240, 892, 640, 48, "#c98c4a"),
            *(jar(x, 896, c, 0.85) for x, c in ((320, "#6fa7a0"), (420, "#d5d0b8"), (520, "#8fae62"))), mortar, width=14, sill="#b8371f"),
            door(946, 610, 200, 390, "#b8371f", "#f6e5b8", kind="panels"),
            shopwindow(1196, 596, 190, 344, "#b8371f", "#f6e5b8", *(rect(1196, y, 190, 10, "#9c5b33") for y in (690, 790)),
            *(jar(x, y, c, 0.62) for x, y, c in ((1246, 690, "#d9a05b"), (1336, 690, "#6fa7a0"), (1246, 790, "#8fae62"), (1336, 790, "#d5d0b8"))),
            potted(1291, 934, 0.55, "#6f3d20", "#5c9a50", "leaf"), width=14),
            board(220, 446, 1160, 112, "#3a2117", "#f0c866", name, zh, "#b8371f", r=6), cross(1450, 520, 1.0), street("#d5d2c3"),
            lantern(212, 640, 0.95, "#b8371f", "药"), lantern(1416, 650, 0.9, "#b8371f", "安"),
            moved(460, 1050, rect(-140, -54, 280, 18, "#6f3d20", 4), line("M-116 -38v44M116 -38v44", "#6f3d20", 14),
            *(oval(x, -62, 44, 12, c) for x, c in ((-80, "#c98c4a"), (10, "#8fae62"), (96, "#d95c3c")))),
            potted(1120, 1046, 0.85, "#6f7f78", "#4f9a55", "cone"), potted(900, 1046, 0.85, "#6f7f78", "#4f9a55", "cone"))


def orchard_cart(name, zh):
    def crate(x, y, w, fruit, leaf=None, rows=3, r=25):
        balls = "".join(circle(x + r + 4 + (r * 1.9) * k + (row % 2) * r * 0.9, y - 4 - row * r * 1.25, r, fruit)
            + circle(x + r - 3 + (r * 1.9) * k + (row % 2) * r * 0.9, y - 12 - row * r * 1.25, r * 0.26, "#fff", opacity=0.55)
                        for row in range(rows) for k in range(int((w - r) // (r * 1.9)) - row % 2))
        tags = rect(x + w / 2 - 34, y + 20, 68, 36, "#fff", 5) + words(x + w / 2, y + 47, leaf, 27, "#2b2b2b") if leaf else ""
        return balls + rect(x - 6, y + 6, w + 12, 66, "#c98d4e", 4) + path(f"M{x - 6} {y + 28}h{w + 12}M{x - 6} {y + 50}h{w + 12}", stroke="#99632f",
            stroke_width=4) + tags
    melon = lambda x, y, s: moved(x, y, circle(0, 0, 60, "#2f8f4e"),
        path("M-20 -56Q-50 0 -20 56M20 -56Q50 0 20 56M0 -60V60", stroke="#1d6636", stroke_width=9), size=s)
    slice_ = lambda x, y, s, t: moved(x, y, path("M-90 0A90 90 0 0 0 90 0z", "#2f8f4e"), path("M-76 0A76 76 0 0 0 76 0z", "#fff"),
        path("M-68 0A68 68 0 0 0 68 0z", "#ee4e54"), *(oval(a, b, 5, 8, "#3a1a1a") for a, b in ((-38, 16), (-10, 34), (22, 20), (44, 12), (0, 12))),
        turn=t, size=s)
    pine = lambda x, y: moved(x, y, "".join(path(f"M0 -80Q{a} -130 {a * 2} -150Q{a * .4} -120 0 -80z", "#3f9a4e") for a in (-36, -16, 16, 36))
        + path("M0 -84L10 -160L-10 -160z", "#3f9a4e"), oval(0, -30, 44, 58, "#e8a62f"),
        path("M-40 -50L26 20M-42 -18L6 26M-26 -80L42 -8M40 -50L-26 20M42 -18L-6 26M26 -80L-42 -8", stroke="#b4761a", stroke_width=4))
    hanging = "".join(line(f"M{x} 600V{640}", "#6b8f3a", 6)
        + "".join(path(f"M{x} 640Q{n(x + a)} 700 {n(x + a * 1.5)} {n(730 - abs(a) * .3)}q12 -4 8 -14Q{n(x + a * .8 + 12)} 690 {x} 640z",
        "#f7cf3e") for a in (-34, -12, 12, 34)) for x in (420, 800, 1180))
    return (sky("#8fd4f2", "#fef6d8", "#b6d2d6"), rect(150, 120, 1300, 880, "#fff2cf"),
        path("".join(f"M150 {y}h1300" for y in range(160, 430, 44)), stroke="#f0dca6", stroke_width=4),
        cornice(150, 120, 1300, "#4fa35a", teeth=False),
            *(sash(x, 176, 150, 190, "#4fa35a", "#a8dbe6", shutters="#f28a3c", box=("#ee4e54", "#f7cf3e", "#ffffff")) for x in (330, 725, 1120)),
            rect(180, 420, 1240, 580, "#3d8a4a"), rect(220, 600, 1160, 360, "#5b3a22"),
            path("".join(f"M220 {y}h1160" for y in (680, 760)), stroke="#7a5232", stroke_width=12), hanging,
            *(pine(x, 742) for x in (300, 560, 640, 980, 1060, 1320)),
            path("M200 800H1400L1440 1000H160z", "#7a5232"), *(crate(x, 830, 200, c, t, 3) for x, c,
            t in ((230, "#e23e3e", "苹果"), (462, "#f59a2c", "甜橙"), (694, "#8ec63f", "青梨"), (926, "#f4d13d", "柠檬"), (1158, "#e86a8a", "水蜜桃"))),
            "".join(crate(x, 946, w, c, t, 2, 26) for x, w, c,
            t in ((176, 220, "#7b3f8f", "李子"), (430, 220, "#f7b23b", "芒果"), (684, 220, "#ee4e54", "石榴"), (938, 220, "#9ccb4a", "芭乐"),
            (1192, 220, "#b8243c", "车厘子"))),
            scallops(140, 528, 1320, 96, ("#ffffff", "#4fa35a", "#ffffff", "#f28a3c"), 20, drop=38, lean=50),
                board(250, 432, 1100, 100, "#fff8e4", "#d1481f", name, zh, "#4fa35a", r=16), slice_(330, 470, 0.5, 14), slice_(1270, 470, 0.5, -14),
            street("#d8d2bd"), melon(96, 1040, 0.95), melon(190, 1066, 0.6), melon(30, 1062, 0.62), melon(1330, 1058, 0.9), melon(1424, 1064, 0.7),
            slice_(1230, 1052, 0.62, -8))


def quiet_kettle(name, zh):
    bamboo = lambda x, h, t=0: moved(x, 1050, "".join(rect(-13, -y - 78, 26, 74, "#6fa35a", 5)
        + rect(-16, -y - 8, 32, 8, "#4f7f3f", 3) for y in range(0, h, 80)),
        *(path(f"M10 {-y}Q70 {-y - 40} 120 {-y - 10}Q70 {-y + 10} 10 {-y}z", "#5c9a50")
        + path(f"M-10 {-y - 30}Q-60 {-y - 80} -110 {-y - 60}Q-70 {-y - 30} -10 {-y - 30}z", "#7bb468") for y in range(h - 380, h, 110)), turn=t)
    pot = moved(520, 800, oval(0, 66, 150, 18, "#3a2a1e", opacity=0.4), path("M-110 60Q-150 -40 -60 -80H60Q150 -40 110 60z", "#7d4b34"),
        path("M-104 20Q-190 20 -206 -66L-176 -62Q-160 -16 -112 -20z", "#7d4b34"), line("M108 -30Q190 -50 172 16Q160 50 112 40", "#7d4b34", 20),
        oval(0, -82, 62, 14, "#6a3c29"), circle(0, -104, 17, "#6a3c29"),
        path("M-70 -60Q-110 -20 -96 30", stroke="#fff", stroke_width=10, opacity=0.3), words(0, 20, "茶", 74, "#e6c9a0"), steam(-190, -80, 0.9))
    cup = lambda x, y: moved(x, y, steam(0, -44, 0.5), path("M-36 -40H36Q34 0 16 4H-16Q-34 0 -36 -40z", "#e9efe4"), oval(0, -40, 36, 8, "#9cba6a"))
    lattice = lambda x, y, w, h: rect(x, y, w, h, "#f3e6c4") + path("".join(f"M{n(x + w * k / 6)} {y}v{h}" for k in range(1, 6))
        + "".join(f"M{x} {n(y + h * k / 8)}h{w}" for k in range(1, 8)), stroke="#6b4a2e", stroke_width=6) + rect(x + w / 3, y + h / 4, w / 3, h / 4,
        "#f3e6c4", stroke="#6b4a2e", stroke_width=7) + rect(x, y, w, h, "none", stroke="#6b4a2e", stroke_width=16)
    return (sky("#dfe9d8", "#fbf6e6", "#c3cdbb"), rect(200, 200, 1200, 300, "#f4efe2"), eaves(240, 110, 1120, 96, "#5a6a66", "#3f4d4a", 80),
        *(lattice(x, 244, 200, 150) for x in (300, 700, 1100)), rect(200, 400, 1200, 16, "#6b4a2e"),
            rect(170, 520, 1260, 480, "#f4efe2"), rect(170, 900, 1260, 100, "#b8b3a2"),
            path("".join(f"M{x} 900v100" for x in range(230, 1430, 70)) + "M170 950H1430", stroke="#98937f", stroke_width=4),
            *(rect(x, 520, 34, 480, "#6b4a2e") for x in (170, 880, 1396)),
            circle(520, 756, 216, "#6b4a2e"), circle(520, 756, 196, "#fbe7b2"), path("M330 800A196 196 0 0 0 710 800z", "#d9b06f"),
            oval(640, 640, 46, 46, "#fff6da"), pot, cup(660, 866), cup(390, 872), path("M520 560V590", stroke="#6b4a2e", stroke_width=12),
            circle(520, 756, 206, "none", stroke="#6b4a2e", stroke_width=20), shine(380, 600, 240, 280),
            rect(950, 580, 410, 420, "#4a3322"), lattice(966, 596, 186, 390), lattice(1162, 596, 186, 390), rect(1140, 780, 10, 70, "#d7b56a", 5),
            rect(1164, 780, 10, 70, "#d7b56a", 5),
            eaves(130, 420, 1340, 96, "#5a6a66", "#3f4d4a", 90),
                moved(800, 470, rect(-330, -64, 660, 116, "#2f2620", 8), rect(-318, -52, 636, 92, "none", 4, stroke="#b9965a", stroke_width=5),
                words(-90, 14, name, 66, "#e8d3a2", room=400), words(210, 18, zh, 78, "#e8d3a2")),
            street("#cfcbbb"), lantern(910, 640, 0.85, "#c9573a", "茶"), bamboo(200, 560, -3), bamboo(250, 420, 4), bamboo(150, 480, -6),
            bamboo(1440, 520, 3), bamboo(1492, 440, 6), moved(780, 1056, oval(-60, 0, 100, 34, "#8f8c80"), oval(-74, -8, 70, 20, "#a5a296"),
            oval(70, 8, 60, 22, "#7d7a6f")))


def copper_moon(name, zh):
    pot = moved(800, 880, oval(0, 62, 250, 22, "#000", opacity=0.35), path("M-70 60H70L50 20H-50z", "#8a4a22"),
        path("M-230 -60Q-220 40 -90 46H90Q220 40 230 -60z", "#d9863c"),
        path("M-210 -40Q-190 26 -90 32", stroke="#ffd9a0", stroke_width=12, opacity=0.7), oval(0, -62, 232, 46, "#b5652a"),
        path("M-206 -62A206 36 0 0 1 0 -98V-26A206 36 0 0 1 -206 -62z", "#c9281f"),
        path("M206 -62A206 36 0 0 0 0 -98V-26A206 36 0 0 0 206 -62z", "#f3e2b8"),
                path("M-46 -60L-34 -190H34L46 -60z", "#d9863c"), oval(0, -190, 34, 9, "#5c2c12"),
                *(circle(x, y, 11, c) for x, y, c in ((-150, -60, "#7a1410"), (-110, -76, "#f0a33a"), (-90, -48, "#4f8a3f"), (110, -72, "#fff"),
                (140, -54, "#4f8a3f"), (90, -46, "#d98b5f"))), line("M-232 -40q-44 0 -44 36M232 -40q44 0 44 36", "#b5652a", 16),
                steam(-110, -120, 1.3), steam(110, -120, 1.3), steam(0, -206, 0.8))
    chili = lambda x, y, s, t: moved(x, y, path("M0 -40Q34 -36 30 10Q24 70 -26 92Q-2 50 -20 0Q-26 -36 0 -40z", "#e32d24"),
        line("M2 -40q2 -26 20 -30", "#4f8a3f", 10), path("M10 -22q10 22 2 52", stroke="#fff", stroke_width=6, opacity=0.4), turn=t, size=s)
    plate = lambda x, y, c: moved(x, y, oval(0, 0, 84, 20, "#f6f1e4"), *(path(f"M{a} -4q10 -30 34 -26q20 6 12 26z", c) for a in (-60, -28, 4)))
    moon = circle(800, 250, 150, "#f0b25a") + circle(800, 250, 150, "none", stroke="#ffd98c", stroke_width=8) + circle(760, 210, 24, "#dc9a42",
        opacity=0.6) + circle(850, 270, 34, "#dc9a42", opacity=0.6) + circle(770, 310, 16, "#dc9a42", opacity=0.6)
    return (sky("#2a1b4a", "#b8464a", "#1f1538"), "".join(circle(x, y, 3, "#fff", opacity=0.8) for x,
        y in ((90, 80), (260, 50), (520, 60), (1050, 50), (1300, 70), (1500, 110), (60, 200), (1540, 260))), rect(150, 130, 1300, 870, "#5a1620"),
        cornice(150, 130, 1300, "#c98a3a"), moon,
            *(sash(x, 190, 170, 190, "#c98a3a", "#ffc45f") + path(f"M{x + 10} 380V320h40v60zM{x + 110} 380V300h44v80z", "#5a1620",
            opacity=0.7) for x in (230, 440, 990, 1200)), rect(180, 420, 1240, 580, "#8f1f24"), rect(180, 960, 1240, 40, "#5f1015"),
            *(rect(x, 580, 26, 420, "#c98a3a") for x in (180, 1394)),
            shopwindow(400, 600, 800, 340, "#c98a3a", "#ffb84f", rect(400, 600, 800, 340, "#ff8a3a", opacity=0.25),
            rect(400, 900, 800, 40, "#5f2a16"), plate(490, 894, "#e58a84"), plate(1110, 894, "#7fb55f"), pot, width=18, sill="#c98a3a"),
            door(232, 620, 140, 380, "#5a1620", "#ffcf7a"), door(1228, 620, 140, 380, "#5a1620", "#ffcf7a"),
            eaves(140, 500, 1320, 70, "#3a1016", "#c98a3a", 70), board(240, 396, 1120, 112, "#2a0b10", "#ffd06a", name, zh, "#ff5a3c", r=14),
                *(lantern(x, 640, 0.95, "#ff4a34", l, "#ffd06a") for x, l in ((384, "火"), (1216, "锅"))),
                lantern(160, 690, 1.3, "#ff4a34", "铜", "#ffd06a"), lantern(1440, 690, 1.3, "#ff4a34", "月", "#ffd06a"),
            street("#7d6a72", "#2e2b3a", "#5d4f5a"), oval(800, 1046, 460, 30, "#ffb84f", opacity=0.28),
            *(chili(x, 1040, s, t) for x, s, t in ((250, 0.7, 20), (330, 0.6, -30), (1290, 0.7, -16), (1370, 0.6, 34))))


def spoke_and_chain(name, zh):
    tools = [moved(x, 690, part) for x, part in ((320, line("M0 -40V60", "#c9ced6", 14)
        + circle(0, -48, 24, "none", stroke="#c9ced6", stroke_width=12)), (400, line("M0 -50V60", "#f2c230", 18) + rect(-12, -66, 24, 20, "#c9ced6")),
        (480, line("M-16 -60L10 60M16 -60L-10 60", "#e0503f", 12)), (1060, circle(0, 0, 56, "none", stroke="#23303b", stroke_width=14)),
        (1190, circle(0, 0, 56, "none", stroke="#23303b", stroke_width=14)),
        (1320, circle(0, 0, 44, "none", stroke="#c9ced6", stroke_width=12, stroke_dasharray="12 8")))]
    chain = "".join(rect(x, 424, 46, 20, "#c9ced6", 10, stroke="#5b6570", stroke_width=4) + circle(x + 10, 434, 5, "#5b6570")
        + circle(x + 36, 434, 5, "#5b6570") for x in range(150, 1430, 52))
    return (sky("#a5d8e8", "#fff7e2", "#aac4cc"), bricks(150, 120, 1300, 880, "#d98d5b", "#b46c3e"), cornice(150, 120, 1300, "#2b3a44"),
        *(sash(x, 180, 180, 200, "#2b3a44", "#9fc7cf") + path("".join(f"M{n(x + 180 * k / 4)} 186v188" for k in (1, 3)) + f"M{x} 240h180M{x} 330h180",
        stroke="#2b3a44", stroke_width=6) for x in (220, 430, 990, 1200)),
            moved(800, 286, circle(0, 0, 132, "#f2c230"), wheel(0, 0, 112, "#2b3a44", "#2b3a44", 16), circle(0, 0, 34, "#e0503f"),
            circle(0, 0, 12, "#fff")), rect(150, 440, 1300, 560, "#2b3a44"), chain,
            shopwindow(230, 600, 420, 340, "#f2c230", "#e8eef0", *(rect(230, y, 420, 8, "#c2ccd1") for y in (640, 760)), *tools[:3],
            bicycle(440, 868, 0.92, "#e0503f"), width=14, sill="#f2c230"),
            path("M710 1000V650Q710 600 760 600H900Q950 600 950 650V1000z", "#f2c230"),
            path("M728 1000V656Q728 618 766 618H894Q932 618 932 656V1000z", "#56707e"),
            path("".join(f"M728 {y}H932" for y in range(650, 760, 22)), stroke="#3d525d", stroke_width=6), rect(728, 770, 204, 230, "#23303b"),
            rect(760, 860, 140, 16, "#8b5a36"), line("M776 876v100M884 876v100", "#6b4427", 12), moved(830, 850, wheel(0, -44, 42, "#c9ced6")),
            shopwindow(1000, 600, 400, 340, "#f2c230", "#e8eef0", *tools[3:], bicycle(1200, 868, 0.88, "#2f8fb3", flip=True), width=14,
            sill="#f2c230"),
            slope(200, 556, 480, 30, "#e0503f", "#b83a2b", 20), slope(970, 556, 460, 30, "#e0503f", "#b83a2b", 20),
                board(230, 458, 1140, 94, "#fff7e2", "#2b3a44", name, zh, "#e0503f", r=10), street("#d2cdc4"),
            bicycle(330, 1036, 0.95, "#3f9a63"), bicycle(1290, 1036, 0.95, "#8a4fa0", flip=True), line("M200 1060h270M1160 1060h270", "#8a949c", 10),
                *(line(f"M{x} 1060v-60", "#8a949c", 10) for x in (200, 290, 380, 470, 1160, 1250, 1340, 1430)))


def lantern_cinema(name, zh):
    bulbs = lambda x0, x1, y, step=44: "".join(circle(x, y, 11, "#fff2b8") + circle(x, y, 20, "#ffd84d", opacity=0.25) for x in range(x0, x1, step))
    def poster(x, y, back, art):
        return rect(x - 12, y - 12, 224, 314, "#d7a842", 6) + rect(x, y, 200, 290, back) + group(art,
            transform=f"translate({x} {y})") + path(f"M{x} {y + 290}L{x + 120} {y}h50L{x + 50} {y + 290}z", "#fff", opacity=0.12)
    moon = circle(100, 110, 60, "#ffe9a8") + path("M0 220L60 160L110 210L160 150L200 200V290H0z", "#16204a") + words(100, 268, "月夜", 40, "#ffe9a8")
    ship = path("M30 180H170L140 226H60z", "#fff") + path("M96 60V174H160z", "#e0503f") + path("M88 80V174H44z",
        "#fff6e2") + path("M0 226q25 -16 50 0t50 0t50 0t50 0V290H0z", "#1d6f94") + words(100, 278, "远航", 36, "#fff")
    cat = circle(100, 140, 58, "#222") + path("M52 120L44 56L90 90zM148 120L156 56L110 90z", "#222") + oval(78, 136, 11, 15, "#ffd84d") + oval(122,
        136, 11, 15, "#ffd84d") + words(100, 262, "猫侦探", 44, "#222")
    heart = path("M100 210C10 140 34 70 74 76Q94 78 100 100Q106 78 126 76C166 70 190 140 100 210z", "#fff") + words(100, 268, "初雪", 42, "#fff")
    film = rect(640, 90, 320, 300, "#35205a", 16)
    reel = moved(800, 224, circle(0, 0, 128, "#d7a842"), circle(0, 0, 112, "#4a2d78"),
        *(circle(68 * math.cos(a * 1.2566), 68 * math.sin(a * 1.2566), 30, "#f6e7c0") for a in range(5)), circle(0, 0, 20, "#f6e7c0"), turn=-18)
    fins = "".join(rect(x, 130 + abs(800 - x) * 0.28, 26, 300, c, 13) for x,
        c in ((500, "#e0486e"), (548, "#f08a4a"), (596, "#ffd84d"), (980, "#ffd84d"), (1028, "#f08a4a"), (1076, "#e0486e")))
    return (sky("#101436", "#5b3a86", "#0b0e28"), "".join(circle(x, y, 3, "#fff") for x,
        y in ((80, 90), (200, 160), (330, 70), (480, 110), (1130, 80), (1260, 150), (1400, 60), (1530, 140), (60, 240), (1560, 280))),
        path("M260 1000V360Q260 300 320 300H520V120Q520 60 580 60H1020Q1080 60 1080 120V300H1280Q1340 300 1340 360V1000z", "#35205a"),
            path("M260 1000V360Q260 300 320 300H330Q290 310 290 360V1000zM1340 1000V360Q1340 300 1280 300H1270Q1310 310 1310 360V1000z", "#6a45a0"),
            film, fins, reel, rect(160, 560, 1280, 440, "#46296f"),
            path("M90 400H1510L1450 590H150z", "#c22f56"), path("M120 424H1480L1432 566H168z", "#fff6e2"),
            words(560, 530, name, 100, "#231447", room=640), words(1130, 530, zh, 84, "#c22f56"), bulbs(130, 1490, 411), bulbs(176, 1440, 578),
            path("M150 590H1450L1420 616H180z", "#7d1b38"), bulbs(220, 1400, 604, 60),
            poster(200, 660, "#2b3a7a", moon), poster(446, 660, "#5fb3cf", ship), door(700, 660, 96, 340, "#d7a842", "#ffdf9a"),
                door(804, 660, 96, 340, "#d7a842", "#ffdf9a"), poster(956, 660, "#f08a4a", cat), poster(1202, 660, "#e0486e", heart),
            street("#6d5f86", "#26233c", "#4f4468"), oval(800, 1050, 560, 34, "#ffdf7a", opacity=0.28), path("M700 1000h200l50 90H650z", "#c22f56"),
            path("M700 1000h200l6 10H694z", "#8f1f3d"),
            *(line(f"M{x} 1060v-110", "#d7a842", 12) + circle(x, 946, 13, "#d7a842")
            + oval(x, 1062, 36, 9, "#d7a842") for x in (520, 640, 960, 1080)), line("M520 960q60 50 120 0M960 960q60 50 120 0", "#c22f56", 12),
            moved(1470, 1060, path("M-44 -110H44L34 0H-34z", "#fff"), *(path(f"M{x} -110h14l-3 110h-10z", "#e0486e") for x in (-36, -6, 22)),
            *(circle(x, y, 19, "#ffeaa0") for x, y in ((-30, -116), (0, -126), (30, -116), (-14, -138), (16, -140)))))


def two_rings(name, zh):
    rings = circle(-44, 0, 64, "none", stroke="#e0ad4a", stroke_width=18) + circle(44, 0, 64, "none", stroke="#f2cf7a",
        stroke_width=18) + path("M44 -64l-18 -26h36z", "#c9f0f5") + path("M20 -96h48l-6 -16H26z", "#e6fbff") + path("M20 -96h48L44 -64z", "#bfe9f2")
    bride = moved(400, 930, path("M-30 -250Q0 -238 30 -250L40 -210Q30 -180 26 -170Q70 -90 128 0H-128Q-70 -90 -26 -170Q-30 -180 -40 -210z", "#ffffff"),
        path("M-54 -330Q-120 -200 -110 -20Q-60 -140 -30 -240zM54 -330Q120 -200 110 -20Q60 -140 30 -240z", "#fff", opacity=0.6),
        circle(0, -300, 42, "#f4cfae"), path("M-44 -304Q-46 -352 0 -352T44 -304Q20 -330 -44 -304z", "#5a3526"),
        *(flower(x, -344, 12, "#f58fb8") for x in (-26, 0, 26)), rect(-28, -178, 56, 14, "#f2cf7a", 6),
        line("M-80 -60Q-60 -90 -60 -120M0 -150V-20M80 -60Q60 -90 60 -120", "#e9dfe4", 6),
        *(flower(x, -150 + y, 18, c) for x, y, c in ((-18, 0, "#f2557f"), (14, -8, "#fff0f4"), (4, 16, "#f58fb8"))))
    groom = moved(640, 930, rect(-42, -150, 38, 150, "#27334a", 6), rect(4, -150, 38, 150, "#27334a", 6),
        path("M-66 -246Q0 -270 66 -246L58 -110H-58z", "#2f3e5c"), path("M-22 -256L0 -180L22 -256z", "#fff"),
        path("M-18 -250L0 -238L18 -250V-226L0 -238L-18 -226z", "#c22f56"), circle(0, -300, 42, "#eebd94"),
        path("M-44 -306Q-44 -354 0 -350T44 -306Q6 -336 -44 -306z", "#2b2220"), flower(36, -210, 12, "#f2557f"))
    arch = line("M260 940V700Q260 610 520 610T780 700V940", "#fff", 16) + "".join(flower(x, y, r, c) for x, y, r,
        c in ((262, 880, 24, "#f58fb8"), (258, 820, 20, "#fff0f4"), (260, 760, 26, "#f2557f"), (276, 700, 22, "#f7b5c8"), (320, 656, 26, "#f58fb8"),
        (390, 634, 22, "#fff0f4"), (460, 622, 26, "#f2557f"), (540, 618, 22, "#f7b5c8"), (620, 626, 26, "#f58fb8"), (690, 644, 22, "#fff0f4"),
        (746, 676, 26, "#f2557f"), (776, 740, 22, "#f58fb8"), (780, 800, 26, "#fff0f4"), (780, 866, 22, "#f7b5c8")))
    camera = moved(1258, 930, line("M0 -130L-62 0M0 -130L62 0M0 -130V0", "#5b4a52", 11), rect(-62, -214, 124, 88, "#40333a", 12),
        circle(0, -170, 34, "#8fb7c9"), circle(0, -170, 34, "none", stroke="#fff", stroke_width=7), circle(-8, -178, 9, "#fff"),
        rect(-30, -232, 60, 22, "#40333a", 5))
    frames = "".join(rect(x, y, 74, 92, "#e0ad4a", 4) + rect(x + 8, y + 8, 58, 76, c)
        + path(f"M{x + 37} {y + 62}c-28 -20 -20 -42 -6 -40q5 1 6 8q1 -7 6 -8c14 -2 22 20 -6 40z", "#fff") for x, y,
        c in ((1150, 630, "#f58fb8"), (1240, 630, "#8fc7c4"), (1330, 630, "#c8a2d8")))
    balloon = lambda x, y, c: moved(x, y, line("M0 60Q12 130 -6 210", "#b98fa0", 4),
        path("M0 62C-84 0 -60 -66 -24 -62Q-6 -60 0 -42Q6 -60 24 -62C60 -66 84 0 0 62z", c),
        path("M-34 -34q-8 20 4 40", stroke="#fff", stroke_width=8, opacity=0.6))
    return (sky("#ffd3dd", "#fff4ee", "#eac6cc"), rect(150, 120, 1300, 880, "#fff3ee"), cornice(150, 120, 1300, "#e9c9b8"),
        *(rect(x, 170, 34, 240, "#f3dcd0") + rect(x - 8, 160, 50, 18, "#e9c9b8")
        + rect(x - 8, 404, 50, 16, "#e9c9b8") for x in (190, 470, 1096, 1376)),
            *(sash(x, 184, 150, 200, "#d9a58f", "#bfe0e4", curtain="#ffffff", arched=True, box=("#f2557f", "#fff0f4", "#f58fb8")) for x in (270,
            1180)), moved(800, 296, circle(0, 0, 128, "#fff"), circle(0, 0, 128, "none", stroke="#e0ad4a", stroke_width=6),
            group(rings, transform="translate(0 22) scale(.84)")),
            rect(150, 430, 1300, 570, "#f2a9b8"), rect(150, 960, 1300, 40, "#d98799"), rect(150, 578, 1300, 10, "#fff"),
            shopwindow(220, 606, 600, 334, "#ffffff", "#fde3e6", rect(220, 606, 600, 334, "#f7c9d2", opacity=0.5),
            circle(520, 800, 150, "#fff", opacity=0.4), arch, group(bride, groom, transform="translate(102 172) scale(.815)"), sill="#ffffff"),
            door(890, 620, 210, 380, "#ffffff", "#fde3e6", handle="#e0ad4a", kind="round"),
            moved(995, 734, group(words(-26, 26, "喜", 72, "#d3344f"), words(26, 26, "喜", 72, "#d3344f"), transform="scale(.74 1)")),
            shopwindow(1150 - 16, 606, 288, 334, "#ffffff", "#fdeeea", frames, camera, sill="#ffffff"),
            scallops(180, 540, 1240, 50, ("#ffffff", "#f7c9d2"), 22, drop=28, lean=14),
                board(230, 444, 1140, 98, "#ffffff", "#b5405e", name, zh, "#e0ad4a", r=49), street("#e2d3d0"),
            path("M886 1000h218l40 90H846z", "#d3344f", opacity=0.85), potted(846, 1040, 0.85, "#fff", "#6fae74", "ball", "#f58fb8"),
            potted(1144, 1040, 0.85, "#fff", "#6fae74", "ball", "#f58fb8"), balloon(170, 760, "#f2557f"), balloon(226, 700 - 40, "#fff0f4"),
            balloon(1400 + 30, 720, "#f2557f"), balloon(1500 - 6, 790, "#f7b5c8"))


def drawings():
    shops = json.loads((HERE / "shops.json").read_text(encoding="utf-8"))["shops"]
    for shop in shops:
        name, zh = shop["name"]["en"], shop["name"]["zh"]
        draw = globals()[shop["id"].replace("-", "_")]
        yield HERE / "shops" / shop["picture"], picture(f"{name} · {zh}", *draw(name, zh))


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--check", action="store_true", help="write nothing, fail where a drawing is not what this script draws")
    check = asked.parse_args().check
    stale = []
    (HERE / "shops").mkdir(exist_ok=True)
    for path_, drawing in drawings():
        if check and (not path_.exists() or path_.read_text(encoding="utf-8") != drawing):
            stale.append(path_.name)
        elif not check:
            path_.write_text(drawing, encoding="utf-8")
    if stale:
        sys.exit(f"not as draw_shops.py draws them: {', '.join(stale)}; run it without --check")


if __name__ == "__main__":
    main()
