#!/usr/bin/env python3
"""Doorstep beside VROOM and OR-Tools on Li & Lim instances: peers.py SWEEP DATA sample|INSTANCE…

Vehicles come first for all: a fixed cost of 1e7 per vehicle for VROOM (exploration 5) and OR-Tools (guided local
search). VROOM runs as long as it likes, ours and OR-Tools have 5, 10, 30, 60 s by size; two threads each where
the solver has threads. Routes of the peers are recomputed in doubles."""
import math, os, subprocess, sys, time

SAMPLE = ['lc101', 'lr102', 'lr108', 'lrc101', 'lr202', 'lrc201', 'lc1_2_4', 'lr1_2_5', 'lrc1_2_8', 'lrc2_2_5',
          'lc1_4_6', 'lr1_4_5', 'lrc2_4_5']
SCALE = 1000
LIMIT = {100: 5, 200: 10, 400: 30}


def load(path):
    lines = [l.split() for l in open(path) if l.strip()]
    rows = [list(map(float, r)) for r in lines[1:]]
    return int(lines[0][0]), int(lines[0][1]), rows


def table(rows):
    return [[math.hypot(a[1] - b[1], a[2] - b[2]) for b in rows] for a in rows]


def length(routes, d):
    return sum(sum(d[a][b] for a, b in zip([0] + r, r + [0])) for r in routes)


def vroom_solve(path):
    import numpy as np, vroom
    vehicles, capacity, rows = load(path)
    d = table(rows)
    m = np.array([[int(round(x * SCALE)) for x in r] for r in d], dtype=np.uint32)
    problem = vroom.Input()
    problem.set_durations_matrix(profile='car', matrix_input=m)
    problem.set_costs_matrix(profile='car', matrix_input=m)
    window = vroom.TimeWindow(int(rows[0][4]) * SCALE, int(rows[0][5]) * SCALE)
    for v in range(vehicles):
        problem.add_vehicle(vroom.Vehicle(v + 1, start=0, end=0, capacity=[capacity], time_window=window,
                                          costs=vroom.VehicleCosts(fixed=int(1e7))))
    for r in rows[1:]:
        if r[7] == 0:
            step = lambda x: vroom.ShipmentStep(int(x[0]), location=int(x[0]), default_service=int(x[6]) * SCALE,
                                                time_windows=[vroom.TimeWindow(int(x[4]) * SCALE, int(x[5]) * SCALE)])
            problem.add_shipment(step(r), step(rows[int(r[8])]), amount=vroom.Amount([int(r[3])]))
    start = time.time()
    solution = problem.solve(exploration_level=5, nb_threads=2)
    wall = time.time() - start
    tours = {}
    for _, s in solution.routes.iterrows():
        if s['type'] in ('pickup', 'delivery'):
            tours.setdefault(s['vehicle_id'], []).append(int(s['id']))
    lost = solution.summary.unassigned
    return len(tours), length(tours.values(), d), wall, lost


def ortools_solve(path, seconds):
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2 as enums
    vehicles, capacity, rows = load(path)
    d = table(rows)
    m = [[int(round(x * SCALE)) for x in r] for r in d]
    manager = pywrapcp.RoutingIndexManager(len(rows), vehicles, 0)
    routing = pywrapcp.RoutingModel(manager)
    cost = routing.RegisterTransitMatrix(m)
    routing.SetArcCostEvaluatorOfAllVehicles(cost)
    routing.SetFixedCostOfAllVehicles(int(1e7) * SCALE // 100)
    travel = routing.RegisterTransitMatrix([[m[i][j] + int(rows[i][6]) * SCALE for j in range(len(rows))]
                                            for i in range(len(rows))])
    horizon = int(rows[0][5]) * SCALE
    routing.AddDimension(travel, horizon, horizon, False, 'time')
    times = routing.GetDimensionOrDie('time')
    load_of = routing.RegisterUnaryTransitVector([int(r[3]) for r in rows])
    routing.AddDimension(load_of, 0, capacity, True, 'load')
    for i, r in enumerate(rows):
        if i:
            times.CumulVar(manager.NodeToIndex(i)).SetRange(int(r[4]) * SCALE, int(r[5]) * SCALE)
        if i and r[7] == 0:
            a, b = manager.NodeToIndex(i), manager.NodeToIndex(int(r[8]))
            routing.AddPickupAndDelivery(a, b)
            routing.solver().Add(routing.VehicleVar(a) == routing.VehicleVar(b))
            routing.solver().Add(times.CumulVar(a) <= times.CumulVar(b))
    p = pywrapcp.DefaultRoutingSearchParameters()
    p.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    p.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    p.time_limit.FromSeconds(seconds)
    start = time.time()
    solution = routing.SolveWithParameters(p)
    wall = time.time() - start
    if not solution:
        return None
    tours = []
    for v in range(vehicles):
        index, tour = routing.Start(v), []
        while not routing.IsEnd(index):
            tour.append(manager.IndexToNode(index))
            index = solution.Value(routing.NextVar(index))
        if len(tour) > 1:
            tours.append(tour[1:])
    return len(tours), length(tours, d), wall, 0


def ours(sweep, path, seconds):
    bks = os.path.join(os.path.dirname(os.path.dirname(path)), 'bks.csv')
    out = subprocess.run([sweep, 'li-lim', str(seconds), bks, path], capture_output=True, text=True, check=True).stdout
    f = out.splitlines()[0].split()
    assert 'ok=true' in out, out
    return int(f[1]), float(f[4]), float(f[f.index('it') + 1]), 0


def show(found):
    return '—' if found is None else f'{found[0]} / {found[1]:.1f}, {found[2]:.1f} s' + (f', {found[3]} lost' if found[3] else '')


def main():
    sweep, data, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    known = {l.split(',')[0]: l.strip().split(',') for l in open(os.path.join(data, 'bks.csv'))}
    names = SAMPLE if names == ['sample'] else names
    with_ortools = os.environ.get('ORTOOLS', '1') == '1'
    print('| instance | best known | Doorstep | VROOM 1.15.2 | OR-Tools 9.15 |\n|---|---|---|---|---|', flush=True)
    worse = 0
    for name in names:
        row = known[name]
        size = int(row[1])
        path = os.path.join(data, f'pdp_{size}', name + '.txt')
        seconds = LIMIT.get(size, 60)
        mine, peer = ours(sweep, path, seconds), vroom_solve(path)
        other = ortools_solve(path, seconds) if with_ortools else None
        worse += mine[0] > peer[0] and not peer[3]
        print(f'| {name} | {row[5]} / {row[6]} | {show(mine)} | {show(peer)} | {show(other)} |', flush=True)
    print(f'\nMore vehicles than VROOM on {worse} of {len(names)}.')


if __name__ == '__main__':
    main()
