//! Business rules as small features: a constraint on who may ride in what, and a state of who is aboard.
//!
//! A feature answers two questions: may this request ride in a vehicle of this fleet, and what does it bring
//! or refuse in the company of others. The answers are compiled once into tables and bit sets, so that the
//! search pays the same few instructions however many rules there are.

use std::sync::Arc;

/// Whether a feature lets a request ride in a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not, because of the rule of this name.
    Refused(&'static str),
}

/// One business rule.
pub trait Feature: std::fmt::Debug + Send + Sync {
    /// The rule's name, as people see it.
    fn name(&self) -> &'static str;

    /// The constraint on one request in a vehicle of one fleet.
    fn seat(&self, request: usize, fleet: usize) -> bool;

    /// The state: what others aboard meet when this request is aboard.
    fn brings(&self, _request: usize) -> bool {
        false
    }

    /// Whether this request must not meet a request that [`brings`](Feature::brings) it.
    fn avoids(&self, _request: usize) -> bool {
        false
    }
}

/// A rule that a vehicle must have something: a child seat, a ramp, a woman at the wheel.
#[derive(Clone, Debug)]
pub struct Equipment {
    /// The rule's name.
    pub name: &'static str,
    /// Which requests need it.
    pub needed: Vec<bool>,
    /// Which fleets have it.
    pub present: Vec<bool>,
}

impl Feature for Equipment {
    fn name(&self) -> &'static str {
        self.name
    }

    fn seat(&self, request: usize, fleet: usize) -> bool {
        !self.needed.get(request).copied().unwrap_or(false) || self.present.get(fleet).copied().unwrap_or(false)
    }
}

/// A rule about company: some bring something (a dog), some must not meet it (an allergy).
#[derive(Clone, Debug)]
pub struct Company {
    /// The rule's name.
    pub name: &'static str,
    /// Which requests bring it.
    pub brings: Vec<bool>,
    /// Which requests must not meet it.
    pub avoids: Vec<bool>,
}

impl Feature for Company {
    fn name(&self) -> &'static str {
        self.name
    }

    fn seat(&self, _request: usize, _fleet: usize) -> bool {
        true
    }

    fn brings(&self, request: usize) -> bool {
        self.brings.get(request).copied().unwrap_or(false)
    }

    fn avoids(&self, request: usize) -> bool {
        self.avoids.get(request).copied().unwrap_or(false)
    }
}

/// All rules of an instance.
#[derive(Clone, Debug, Default)]
pub struct Features(Vec<Arc<dyn Feature>>);

impl Features {
    /// Rules in the order in which they are asked. More than 64 about company do not fit the state.
    #[must_use]
    pub fn new(features: Vec<Arc<dyn Feature>>) -> Self {
        Self(features.into_iter().take(64).collect())
    }

    /// The first rule that refuses, if any.
    #[must_use]
    pub fn verdict(&self, request: usize, fleet: usize) -> Verdict {
        self.0.iter().find(|f| !f.seat(request, fleet)).map_or(Verdict::Allowed, |f| Verdict::Refused(f.name()))
    }

    /// Bit sets of what a request brings and of what it avoids, one bit a rule.
    #[must_use]
    pub fn company(&self, request: usize) -> (u64, u64) {
        self.0.iter().enumerate().fold((0, 0), |(brings, avoids), (bit, f)| {
            (brings | u64::from(f.brings(request)) << bit, avoids | u64::from(f.avoids(request)) << bit)
        })
    }

    /// The first rule by which two requests must not be aboard together, if any.
    #[must_use]
    pub fn clash(&self, a: usize, b: usize) -> Option<&'static str> {
        self.0.iter().find(|f| (f.brings(a) && f.avoids(b)) || (f.brings(b) && f.avoids(a))).map(|f| f.name())
    }
}
