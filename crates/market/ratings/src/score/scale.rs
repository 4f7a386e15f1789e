//! What a star is worth: the distance between stars as the market itself uses them.
//!
//! Where nearly everybody gives five, the step from five to four says more than that from three to two. Stars
//! are placed on the bell curve that their frequencies cut into five parts.

/// The place of each number of stars on the scale of a market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Index 0 is unused.
    value: [f32; 8],
}

/// Half bell curve, half the plain distance between stars: on markets of every shape that was tried the mix
/// ranks as well as the better of the two.
const BELL: f64 = 0.5;

/// Nearer to the ends than this the stars are bent, so that no score reaches them and no two become equal.
const BEND: f64 = 0.1;

impl Scale {
    /// From how often each number of stars is given.
    pub(super) fn of(counts: &[f64; 5]) -> Self {
        let shares = counts.map(|c| c + 0.5);
        let total: f64 = shares.iter().sum();
        let mean: f64 = (0..5).map(|k| (k + 1) as f64 * shares[k]).sum::<f64>() / total;
        let variance: f64 = (0..5).map(|k| ((k + 1) as f64 - mean).powi(2) * shares[k]).sum::<f64>() / total;
        let deviation = variance.sqrt().max(1e-3);
        let (mut below, mut density) = (0.0, 0.0);
        let mut value = [0.0; 8];
        for k in 0..5 {
            let share = shares[k] / total;
            below += share;
            let next = if k == 4 { 0.0 } else { bell(quantile(below.clamp(1e-9, 1.0 - 1e-9))) };
            let normal = (density - next) / share;
            density = next;
            let plain = ((k + 1) as f64 - mean) / deviation;
            value[k + 1] = (BELL * normal + (1.0 - BELL) * plain) as f32;
        }
        Self { value }
    }

    pub(super) fn value(&self, stars: u8) -> f32 {
        self.value[stars as usize & 7]
    }

    /// Back to stars, strictly between one and five and strictly rising.
    pub(super) fn stars(&self, level: f64) -> f64 {
        let at = |k: usize| f64::from(self.value[k]);
        let k = (1..4).rev().find(|&k| level >= at(k + 1)).map_or(1, |k| k + 1);
        let plain = k as f64 + (level - at(k)) / (at(k + 1) - at(k));
        if plain > 5.0 - BEND {
            5.0 - BEND * (-(plain - 5.0 + BEND) / BEND).max(-30.0).exp()
        } else if plain < 1.0 + BEND {
            1.0 + BEND * (-(1.0 + BEND - plain) / BEND).max(-30.0).exp()
        } else {
            plain
        }
    }
}

fn bell(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The normal quantile (Acklam's rational approximation, relative error 1e-9).
fn quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let tail = |q: f64| {
        (((((C[0] * q + C[1]) * q + C[2]) * q + C[3]) * q + C[4]) * q + C[5])
            / ((((D[0] * q + D[1]) * q + D[2]) * q + D[3]) * q + 1.0)
    };
    if p < 0.02425 {
        tail((-2.0 * p.ln()).sqrt())
    } else if p > 1.0 - 0.02425 {
        -tail((-2.0 * (1.0 - p).ln()).sqrt())
    } else {
        let q = p - 0.5;
        let r = q * q;
        (((((A[0] * r + A[1]) * r + A[2]) * r + A[3]) * r + A[4]) * r + A[5]) * q
            / (((((B[0] * r + B[1]) * r + B[2]) * r + B[3]) * r + B[4]) * r + 1.0)
    }
}
