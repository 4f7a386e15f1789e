//! How counts scatter around their mean: a little wider than Poisson's law.

/// The negative binomial law whose variance is `1 + excess` times its mean; Poisson's for none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountLaw {
    /// By how much the variance is above the mean, as a share of the mean.
    pub excess: f64,
}

/// No quantile is looked for above this count.
const MOST: u32 = 100_000;

impl CountLaw {
    /// The least count that is reached with probability `share`: the median for one half.
    ///
    /// The median is the forecast with the least mean absolute error, and 0 for most sparse cells.
    #[must_use]
    pub fn quantile(self, mean: f64, share: f64) -> u32 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean > 400.0 {
            // Far from zero the law is as good as normal, and its own sum would underflow.
            let z = normal_quantile(share);
            return (mean + z * (mean * (1.0 + self.excess)).sqrt()).round().clamp(0.0, f64::from(MOST)) as u32;
        }
        let a = self.excess;
        let (mut term, ratio): (f64, Box<dyn Fn(f64) -> f64>) = if a < 1e-6 {
            ((-mean).exp(), Box::new(move |k| mean / k))
        } else {
            let size = mean / a;
            ((-size * a.ln_1p()).exp(), Box::new(move |k| (size + k - 1.0) / k * a / (1.0 + a)))
        };
        let mut below = term;
        for k in 1..MOST {
            if below >= share {
                return k - 1;
            }
            term *= ratio(f64::from(k));
            below += term;
        }
        MOST
    }
}

/// Where the standard normal law reaches `share` (Abramowitz and Stegun 26.2.23, error below 4.5e-4).
fn normal_quantile(share: f64) -> f64 {
    let tail = share.min(1.0 - share).max(1e-12);
    let t = (-2.0 * tail.ln()).sqrt();
    let z = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    if share < 0.5 { -z } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_small_and_large_means() {
        let poisson = CountLaw { excess: 0.0 };
        let medians: Vec<u32> = [0.0, 0.5, 0.69, 0.70, 1.6, 1.7, 5.0, 100.0, 5_000.0]
            .iter()
            .map(|mean| poisson.quantile(*mean, 0.5))
            .collect();
        assert_eq!(medians, [0, 0, 0, 1, 1, 2, 5, 100, 5_000]);
        let wide = CountLaw { excess: 1.0 };
        assert_eq!(wide.quantile(0.9, 0.5), 0);
        assert!(wide.quantile(20.0, 0.9) > poisson.quantile(20.0, 0.9));
        assert!(wide.quantile(1_000.0, 0.9) > 1_050 && wide.quantile(1_000.0, 0.1) < 950);
    }
}
