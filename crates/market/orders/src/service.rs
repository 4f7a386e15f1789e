//! The face of this crate: every operation as a step of a caller's transaction (`…_in`) and as an
//! asynchronous call with a transaction of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_identity::Signer;
use doorstep_store::{Store, Tx};

use crate::city_totals::{self, CityTotals};
use crate::drivers::{self, Driver, DriverFilter, NewDriver, ProfileChange, Shift};
use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};
use crate::machine::{self, Actor, Command};
use crate::metrics;
use crate::needs::CarKind;
use crate::order::{Order, OrderEvent, RiderRef};
use crate::page::Page;
use crate::prices::{self, KeptPrice};
use crate::quote::{self, Quote, QuoteClaims, QuoteInput};
use crate::recorded::{self, Recording};
use crate::records::{self, OrderFilter};
use crate::routes::{self, DriverRoute};
use crate::share::ShareClaims;
use crate::shift::{self, ShiftChange};
use crate::story::{self, StoryLine};

/// How often a command without an expected version is tried against a moving order.
const CAS_ATTEMPTS: u32 = 8;

/// The longest name, reason or note, characters.
const MAX_TEXT: usize = 500;

/// What the rider adds to the quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Who rides.
    pub rider: RiderRef,
    /// A note to the driver.
    pub note: Option<String>,
    /// Others may ride along, at the quote's price with sharing.
    pub share: bool,
}

/// Orders, their events and their drivers in one store. Cheap to clone.
#[derive(Clone)]
pub struct Orders {
    store: Store,
    signer: Arc<Signer>,
}

type Answer<T> = Result<T, OrdersError>;

/// A transaction's part of this crate; use it inside `store::idempotency::once`.
impl Orders {
    /// Makes the order a quote promised.
    pub fn create_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        token: &str,
        new: &NewOrder,
        actor: Actor,
        now: Timestamp,
    ) -> Answer<Order> {
        text("/rider/name", &new.rider.name, true)?;
        text("/rider/ref", new.rider.reference.as_deref().unwrap_or_default(), false)?;
        text("/note", new.note.as_deref().unwrap_or_default(), false)?;
        let claims = quote::redeem(&self.signer, tenant, token, now)?;
        let (price, promise) = if new.share {
            let shared = shared(&claims)?;
            (KeptPrice::quoted(shared.price, shared.terms), Some(shared.promise))
        } else {
            (KeptPrice::quoted(claims.price.clone(), None), None)
        };
        let mut order = Order::from_quote(claims, new.rider.clone(), new.note.clone(), now);
        (order.fare, order.share) = (price.price.total, promise);
        records::insert(tx, &order, &OrderEvent::requested(&order, actor))?;
        prices::keep(tx, order.id, &price)?;
        Ok(order)
    }

    /// Gives a command. With `expected`, only if the order still has that version; without, the
    /// command is judged again when somebody else changed the order in between.
    #[allow(clippy::too_many_arguments)] // each is one word of the sentence
    pub fn command_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        id: OrderId,
        command: &Command,
        actor: Actor,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Answer<Order> {
        if let Command::Cancel { reason } = command {
            text("/reason", reason, true)?;
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let order = records::get(tx, tenant, id)?;
            if let Some(expected) = expected
                && order.version != expected
            {
                return Err(OrdersError::VersionConflict { order: id, expected, actual: order.version });
            }
            match self.change_in(tx, &order, command, actor, now) {
                Err(OrdersError::VersionConflict { .. }) if expected.is_none() && attempt < CAS_ATTEMPTS => {}
                answer => return answer,
            }
        }
    }

    /// Gives a command to an order the caller has read; compare-and-set on its version.
    ///
    /// A refusal leaves nothing behind: the caller may go on with other orders in the same
    /// transaction.
    pub fn change_in(
        &self,
        tx: &mut dyn Tx,
        order: &Order,
        command: &Command,
        actor: Actor,
        now: Timestamp,
    ) -> Answer<Order> {
        let (mut next, mut event) = machine::apply(order, command, actor, now)
            .inspect_err(|refusal| metrics::refused(command.kind(), refusal.as_str()))?;
        let settled = prices::settle(tx, &mut next, &mut event)?;
        records::update(tx, order, &next, &event)?;
        if let Some(price) = settled {
            prices::lower(tx, next.id, &price)?;
        }
        Ok(next)
    }

    /// One order.
    pub fn get_in(&self, tx: &mut dyn Tx, tenant: &str, id: OrderId) -> Answer<Order> {
        records::get(tx, tenant, id)
    }

    /// The price of one order with its lines and its reason: as it was quoted, or lower where it was really shared.
    pub fn price_in(&self, tx: &mut dyn Tx, tenant: &str, id: OrderId) -> Answer<KeptPrice> {
        records::get(tx, tenant, id)?;
        prices::of(tx, id)
    }

    /// Orders of a city over all tenants that were made after another one, oldest first.
    pub fn made_after_in(
        &self,
        tx: &mut dyn Tx,
        city: &str,
        after: Option<OrderId>,
        since: Timestamp,
        limit: usize,
    ) -> Answer<Vec<Order>> {
        records::made_after(tx, city, after, since, limit)
    }

    /// The events of one order above a version, oldest first.
    pub fn events_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        id: OrderId,
        after_version: i64,
        limit: usize,
    ) -> Answer<Vec<OrderEvent>> {
        records::get(tx, tenant, id)?;
        records::events(tx, id, after_version, limit)
    }

    /// Orders, newest first.
    pub fn list_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        filter: &OrderFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Answer<Page<Order>> {
        records::list(tx, tenant, filter, cursor, limit)
    }

    /// Every open order of a city over all tenants, oldest first.
    pub fn open_in(&self, tx: &mut dyn Tx, city: &str) -> Answer<Vec<Order>> {
        records::open(tx, city)
    }

    /// Keeps the stops of a driver with several orders; no stops, nothing is kept.
    pub fn write_route_in(&self, tx: &mut dyn Tx, city: &str, route: &DriverRoute, now: Timestamp) -> Answer<()> {
        routes::write(tx, city, route, now)
    }

    /// The stops of all drivers of a city, as they were kept last.
    pub fn routes_in(&self, tx: &mut dyn Tx, city: &str) -> Answer<Vec<DriverRoute>> {
        routes::of_city(tx, city)
    }

    /// A new driver, off shift.
    pub fn register_driver_in(&self, tx: &mut dyn Tx, tenant: &str, new: &NewDriver, now: Timestamp) -> Answer<Driver> {
        text("/name", &new.name, true)?;
        text("/plate", &new.plate, true)?;
        drivers::register(tx, tenant, new, now)
    }

    /// Changes what a vehicle has, and the driver's word on rides among women; not while he has an order.
    pub fn set_profile_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        id: DriverId,
        change: &ProfileChange,
    ) -> Answer<Driver> {
        drivers::set_profile(tx, tenant, id, change)
    }

    /// Every kind of car that may work in a city, by tenant.
    pub fn car_kinds_in(&self, tx: &mut dyn Tx, city: &str) -> Answer<Vec<(String, CarKind)>> {
        drivers::kinds(tx, city)
    }

    /// One driver.
    pub fn get_driver_in(&self, tx: &mut dyn Tx, tenant: &str, id: DriverId) -> Answer<Driver> {
        drivers::get(tx, tenant, id)
    }

    /// Drivers, in the order of their registration.
    pub fn list_drivers_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        filter: &DriverFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Answer<Page<Driver>> {
        drivers::list(tx, tenant, filter, cursor, limit)
    }

    /// Drivers on shift in a city over all tenants.
    pub fn on_shift_in(&self, tx: &mut dyn Tx, city: &str) -> Answer<Vec<Driver>> {
        drivers::on_shift(tx, city)
    }

    /// Begins, pauses or ends a shift. Orders before the pickup go back to searching.
    pub fn set_shift_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        id: DriverId,
        shift: Shift,
        position: Option<doorstep_geo::Point>,
        now: Timestamp,
    ) -> Answer<ShiftChange> {
        shift::set(self, tx, tenant, id, shift, position, now)
    }

    /// What happened to a driver, newest first.
    pub fn driver_story_in(&self, tx: &mut dyn Tx, tenant: &str, id: DriverId, limit: usize) -> Answer<Vec<StoryLine>> {
        story::of_driver(tx, tenant, id, limit)
    }

    /// What riders asked for and which drivers were there from `from` to before `to`, at most a day.
    pub fn recording_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        city: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Answer<Recording> {
        recorded::read(tx, tenant, city, from, to)
    }

    /// What a city has served so far, by tenant.
    pub fn totals_in(&self, tx: &mut dyn Tx, city: &str) -> Answer<BTreeMap<String, CityTotals>> {
        city_totals::read(tx, city)
    }
}

/// The same with a transaction each.
impl Orders {
    /// Orders in this store; quotes are signed by `signer`.
    #[must_use]
    pub fn new(store: Store, signer: Arc<Signer>) -> Self {
        Self { store, signer }
    }

    /// The store they are in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Signs a quote; touches no store.
    pub fn quote(&self, input: QuoteInput, now: Timestamp) -> Answer<Quote> {
        quote::issue(&self.signer, input, now)
    }

    /// Reads a quote's promise without using it, whoever's it is and expired or not: the city in
    /// it says whose clock decides.
    pub fn claims(&self, token: &str) -> Answer<QuoteClaims> {
        quote::read(&self.signer, token)
    }

    /// Runs a closure over the tx forms in one durable transaction.
    pub async fn write<T, F>(&self, f: F) -> Answer<T>
    where
        T: Send + 'static,
        F: Fn(&Self, &mut dyn Tx) -> Answer<T> + Send + 'static,
    {
        let orders = self.clone();
        self.store.write(move |tx| f(&orders, tx)).await
    }

    /// Runs a closure over the reading tx forms.
    pub async fn read<T, F>(&self, f: F) -> Answer<T>
    where
        T: Send + 'static,
        F: Fn(&Self, &mut dyn Tx) -> Answer<T> + Send + 'static,
    {
        let orders = self.clone();
        self.store.read(move |tx| f(&orders, tx)).await
    }

    /// Makes the order a quote promised.
    pub async fn create(
        &self,
        tenant: &str,
        token: &str,
        new: NewOrder,
        actor: Actor,
        now: Timestamp,
    ) -> Answer<Order> {
        let (tenant, token) = (tenant.to_owned(), token.to_owned());
        self.write(move |orders, tx| orders.create_in(tx, &tenant, &token, &new, actor, now)).await
    }

    /// Gives a command.
    pub async fn command(
        &self,
        tenant: &str,
        id: OrderId,
        command: Command,
        actor: Actor,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Answer<Order> {
        let tenant = tenant.to_owned();
        self.write(move |orders, tx| orders.command_in(tx, &tenant, id, &command, actor, expected, now)).await
    }

    /// One order.
    pub async fn get(&self, tenant: &str, id: OrderId) -> Answer<Order> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.get_in(tx, &tenant, id)).await
    }

    /// The price of one order with its lines and its reason: as it was quoted, or lower where it was really shared.
    pub async fn price(&self, tenant: &str, id: OrderId) -> Answer<KeptPrice> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.price_in(tx, &tenant, id)).await
    }

    /// The events of one order above a version, oldest first.
    pub async fn events(&self, tenant: &str, id: OrderId, after_version: i64, limit: usize) -> Answer<Vec<OrderEvent>> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.events_in(tx, &tenant, id, after_version, limit)).await
    }

    /// Orders, newest first.
    pub async fn list(
        &self,
        tenant: &str,
        filter: OrderFilter,
        cursor: Option<String>,
        limit: usize,
    ) -> Answer<Page<Order>> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.list_in(tx, &tenant, &filter, cursor.as_deref(), limit)).await
    }

    /// A new driver, off shift.
    pub async fn register_driver(&self, tenant: &str, new: NewDriver, now: Timestamp) -> Answer<Driver> {
        let tenant = tenant.to_owned();
        self.write(move |orders, tx| orders.register_driver_in(tx, &tenant, &new, now)).await
    }

    /// One driver.
    pub async fn get_driver(&self, tenant: &str, id: DriverId) -> Answer<Driver> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.get_driver_in(tx, &tenant, id)).await
    }

    /// Drivers, in the order of their registration.
    pub async fn list_drivers(
        &self,
        tenant: &str,
        filter: DriverFilter,
        cursor: Option<String>,
        limit: usize,
    ) -> Answer<Page<Driver>> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.list_drivers_in(tx, &tenant, &filter, cursor.as_deref(), limit)).await
    }

    /// Begins, pauses or ends a shift.
    pub async fn set_shift(
        &self,
        tenant: &str,
        id: DriverId,
        shift: Shift,
        position: Option<doorstep_geo::Point>,
        now: Timestamp,
    ) -> Answer<ShiftChange> {
        let tenant = tenant.to_owned();
        self.write(move |orders, tx| orders.set_shift_in(tx, &tenant, id, shift, position, now)).await
    }

    /// What riders asked for and which drivers were there in a period.
    pub async fn recording(&self, tenant: &str, city: &str, from: Timestamp, to: Timestamp) -> Answer<Recording> {
        let (tenant, city) = (tenant.to_owned(), city.to_owned());
        self.read(move |orders, tx| orders.recording_in(tx, &tenant, &city, from, to)).await
    }

    /// What happened to a driver, newest first.
    pub async fn driver_story(&self, tenant: &str, id: DriverId, limit: usize) -> Answer<Vec<StoryLine>> {
        let tenant = tenant.to_owned();
        self.read(move |orders, tx| orders.driver_story_in(tx, &tenant, id, limit)).await
    }
}

/// The shared alternative of a quote, if it has one.
fn shared(claims: &QuoteClaims) -> Answer<ShareClaims> {
    claims.share.clone().ok_or_else(|| OrdersError::InvalidField {
        field: "/share",
        reason: "the quote offers no shared ride".to_owned(),
        fix: "leave it out, or ask for a quote where rides are shared".to_owned(),
    })
}

/// Refuses empty (where something must stand), overlong and unprintable text.
pub(crate) fn text(field: &'static str, value: &str, required: bool) -> Answer<()> {
    let problem = if required && value.trim().is_empty() {
        Some(("it is empty".to_owned(), "write at least one letter".to_owned()))
    } else if value.chars().count() > MAX_TEXT {
        Some((format!("it has more than {MAX_TEXT} characters"), "shorten it".to_owned()))
    } else if value.chars().any(|c| c.is_control() && c != '\n') {
        Some(("it has control characters".to_owned(), "leave them out".to_owned()))
    } else {
        None
    };
    match problem {
        Some((reason, fix)) => Err(OrdersError::InvalidField { field, reason, fix }),
        None => Ok(()),
    }
}
