//! Expressions: operators, casts and functions that mean something else in Hive, one rule each.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DuplicateTreatment, ExactNumberInfo, Expr,
    Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, NullTreatment, Subscript, UnaryOperator, Value,
};

use super::{
    calls::{self, HiveFunction},
    dialect::call,
    rewrite::{Asker, engine_cast, makes_rows, window_nulls},
};
use crate::HiveError;

/// Before what is inside is looked at: forms whose parts must not be taken for something else.
pub(super) fn before(expr: &mut Expr) -> Result<(), HiveError> {
    if let Expr::CompoundFieldAccess { root, access_chain } = expr {
        let (root, chain) = (std::mem::replace(&mut **root, null()), std::mem::take(access_chain));
        *expr = access(root, chain)?;
    }
    if let Expr::Function(function) = expr
        && let Some(window) = &mut function.over
    {
        window_nulls(window);
    }
    if matches!(expr, Expr::Identifier(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("current_date"))
    {
        *expr = call("current_date", Vec::new());
    }
    Ok(())
}

/// After what is inside has been rewritten.
pub(super) fn after(expr: &mut Expr, asker: &Asker) -> Result<(), HiveError> {
    let taken = std::mem::replace(expr, null());
    *expr = match taken {
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => call("hive_divide", vec![*left, *right]),
        Expr::BinaryOp { left, op: BinaryOperator::Modulo, right } => remainder(*left, *right),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => call("hive_concat", vec![*left, *right]),
        Expr::Cast { kind: CastKind::Cast | CastKind::TryCast, expr: of, data_type, .. } => cast(*of, &data_type)?,
        Expr::RLike { negated, expr: of, pattern, .. } => not_if(negated, call("hive_rlike", vec![*of, *pattern])),
        Expr::Ceil { expr: of, field: CeilFloorKind::DateTimeField(_) } => call("hive_ceil", vec![*of]),
        Expr::Floor { expr: of, field: CeilFloorKind::DateTimeField(_) } => call("hive_floor", vec![*of]),
        Expr::Substring { expr: of, substring_from, substring_for, .. } => {
            let from = substring_from.map_or_else(|| number("1"), |from| *from);
            call("hive_substr", [Some(*of), Some(from), substring_for.map(|n| *n)].into_iter().flatten().collect())
        }
        Expr::Position { expr: part, r#in } => call("hive_locate", vec![*part, *r#in]),
        Expr::Extract { field, expr: of, .. } => field_of(&field.to_string(), *of)?,
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) if digits.contains('.') => decimal(digits),
            _ => Expr::Value(value),
        },
        // Every value is true or false in Hive, a number too.
        Expr::IsTrue(of) => Expr::IsTrue(truth(of)),
        Expr::IsNotTrue(of) => Expr::IsNotTrue(truth(of)),
        Expr::IsFalse(of) => Expr::IsFalse(truth(of)),
        Expr::IsNotFalse(of) => Expr::IsNotFalse(truth(of)),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr: of } => *of,
        Expr::UnaryOp { op: UnaryOperator::BangNot, expr: of } => not_if(true, *of),
        Expr::Function(function) => self::function(function, asker)?,
        other => other,
    };
    Ok(())
}

/// The value as a boolean, unless a comparison makes it one anyway.
fn truth(of: Box<Expr>) -> Box<Expr> {
    let plain = match &*of {
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
                | BinaryOperator::And
                | BinaryOperator::Or
        ),
        Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::InList { .. } | Expr::Between { .. } => true,
        _ => false,
    };
    if plain { of } else { Box::new(call("hive_boolean", vec![*of])) }
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn number(digits: &str) -> Expr {
    Expr::Value(Value::Number(digits.to_owned(), false).into())
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

fn not_if(negated: bool, of: Expr) -> Expr {
    if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(of) } } else { of }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// Nothing by zero is NULL.
fn remainder(left: Expr, right: Expr) -> Expr {
    binary(left, BinaryOperator::Modulo, call("nullif", vec![right, number("0")]))
}

fn when(condition: Expr, then: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: then }],
        else_result: otherwise.map(Box::new),
    }
}

/// `1.50` is a decimal with as many digits as it has.
fn decimal(digits: &str) -> Expr {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0').len();
    let precision = (whole + part.len()).max(1);
    if precision > 38 {
        return double(digits);
    }
    let (precision, scale) = (precision as u64, part.len() as i64);
    engine_cast(text(digits), DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, scale)))
}

/// A number as a double.
pub(super) fn double(digits: &str) -> Expr {
    engine_cast(text(digits), DataType::Double(ExactNumberInfo::None))
}

/// `a.b[0].c`: names in front belong together; behind them each step is a function.
fn access(root: Expr, chain: Vec<AccessExpr>) -> Result<Expr, HiveError> {
    let mut chain = chain.into_iter().peekable();
    let mut of = root;
    while let (Expr::Identifier(_) | Expr::CompoundIdentifier(_), Some(AccessExpr::Dot(Expr::Identifier(_)))) =
        (&of, chain.peek())
    {
        let Some(AccessExpr::Dot(Expr::Identifier(next))) = chain.next() else { break };
        of = match of {
            Expr::Identifier(first) => Expr::CompoundIdentifier(vec![first, next]),
            Expr::CompoundIdentifier(mut names) => {
                names.push(next);
                Expr::CompoundIdentifier(names)
            }
            other => other,
        };
    }
    for step in chain {
        of = match step {
            AccessExpr::Subscript(Subscript::Index { index }) => call("hive_index", vec![of, index]),
            AccessExpr::Dot(Expr::Identifier(name)) => call("get_field", vec![of, text(&name.value.to_lowercase())]),
            _ => return Err(HiveError::unsupported("a slice of an array", "use slice(array, from, length)")),
        };
    }
    Ok(of)
}

/// `CAST(x AS type)` as Hive does it: what does not fit is NULL.
fn cast(of: Expr, to: &DataType) -> Result<Expr, HiveError> {
    let args = |n: &[u64]| {
        let mut args = vec![of.clone()];
        args.extend(n.iter().map(|n| number(&n.to_string())));
        args
    };
    Ok(match to {
        DataType::Boolean | DataType::Bool => call("hive_boolean", args(&[])),
        DataType::TinyInt(_) => call("hive_tinyint", args(&[])),
        DataType::SmallInt(_) => call("hive_smallint", args(&[])),
        DataType::Int(_) | DataType::Integer(_) => call("hive_int", args(&[])),
        DataType::BigInt(_) => call("hive_bigint", args(&[])),
        DataType::Float(_) | DataType::Real => call("hive_float", args(&[])),
        DataType::Double(_) | DataType::DoublePrecision => call("hive_double", args(&[])),
        DataType::String(_) | DataType::Text => call("hive_string", args(&[])),
        DataType::Binary(_) => call("hive_binary", args(&[])),
        DataType::Date => call("hive_date", args(&[])),
        DataType::Timestamp(..) => call("hive_timestamp", args(&[])),
        DataType::Varchar(Some(length)) | DataType::Char(Some(length)) => {
            let digits = length.to_string();
            let length = digits.parse::<u64>().unwrap_or(65_535);
            let cut = matches!(to, DataType::Char(_));
            call(if cut { "hive_char" } else { "hive_varchar" }, args(&[length]))
        }
        DataType::Decimal(info) | DataType::Dec(info) | DataType::Numeric(info) => {
            let (precision, scale) = match info {
                ExactNumberInfo::None => (10, 0),
                ExactNumberInfo::Precision(p) => (*p, 0),
                ExactNumberInfo::PrecisionAndScale(p, s) => (*p, u64::try_from(*s).unwrap_or(0)),
            };
            if !(1..=38).contains(&precision) || scale > precision {
                return Err(HiveError::unsupported(
                    &format!("decimal({precision},{scale})"),
                    "decimal takes 1 to 38 digits, and no more behind the point",
                ));
            }
            call("hive_decimal", args(&[precision, scale]))
        }
        other => {
            return Err(HiveError::unsupported(
                &format!("CAST to {other}"),
                "build it with array, map or named_struct",
            ));
        }
    })
}

/// One field of a day or time.
fn field_of(field: &str, of: Expr) -> Result<Expr, HiveError> {
    let function = match field.to_lowercase().as_str() {
        "year" | "years" => "hive_year",
        "quarter" => "hive_quarter",
        "month" | "months" => "hive_month",
        "week" | "weeks" => "hive_weekofyear",
        "day" | "days" => "hive_day",
        "doy" => "hive_dayofyear",
        "dayofweek" | "dow" => "hive_dayofweek",
        "hour" | "hours" => "hive_hour",
        "minute" | "minutes" => "hive_minute",
        "second" | "seconds" => "hive_second",
        other => return Err(HiveError::unsupported(&format!("the field {other}"), "use date_format")),
    };
    Ok(call(function, vec![of]))
}

/// A call, by its name in [`calls::FUNCTIONS`].
fn function(mut function: Function, asker: &Asker) -> Result<Expr, HiveError> {
    let name = function.name.to_string().to_lowercase().replace('`', "");
    let rename = |function: &mut Function, to: &str| {
        function.name = datafusion::sql::sqlparser::ast::ObjectName::from(vec![Ident::new(to)]);
    };
    if let Some(cast) = cast_function(&name) {
        rename(&mut function, cast);
        return Ok(Expr::Function(function));
    }
    let Some(known) = calls::find(&name) else { return Ok(Expr::Function(function)) };
    match known.how {
        HiveFunction::Same => Ok(Expr::Function(function)),
        HiveFunction::As(engine) => {
            rename(&mut function, engine);
            Ok(Expr::Function(function))
        }
        HiveFunction::Refused(fix) => Err(HiveError::unsupported(&format!("the function {name}"), fix)),
        HiveFunction::Rule if makes_rows(&name) => Err(HiveError::unsupported(
            &format!("{name} inside an expression"),
            "write it alone in the SELECT, or in a LATERAL VIEW",
        )),
        HiveFunction::Rule => rule(&name, function, asker),
    }
}

/// Whether Hive has a function of this name.
pub(crate) fn is_known(name: &str) -> bool {
    calls::find(name).is_some() || cast_function(name).is_some()
}

/// `int(x)` and its like are casts.
fn cast_function(name: &str) -> Option<&'static str> {
    Some(match name {
        "boolean" => "hive_boolean",
        "tinyint" => "hive_tinyint",
        "smallint" => "hive_smallint",
        "int" => "hive_int",
        "bigint" => "hive_bigint",
        "float" => "hive_float",
        "double" => "hive_double",
        "string" => "hive_string",
        "binary" => "hive_binary",
        "date" => "hive_date",
        "timestamp" => "hive_timestamp",
        _ => return None,
    })
}

/// The arguments of a call, if they are plain expressions.
pub(super) fn arguments(function: &Function) -> Option<Vec<Expr>> {
    match &function.args {
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            })
            .collect(),
        FunctionArguments::Subquery(_) => None,
    }
}

fn rule(name: &str, mut function: Function, asker: &Asker) -> Result<Expr, HiveError> {
    let Some(mut args) = arguments(&function) else { return Ok(Expr::Function(function)) };
    let wrong = || HiveError::Arguments { function: name.to_owned(), help: calls::find(name).map_or("", |f| f.help) };
    let positive = |x: Expr| when(binary(x.clone(), BinaryOperator::Gt, number("0")), x, None);
    Ok(match (name, args.len()) {
        ("e", 0) => call("exp", vec![number("1")]),
        ("greatest" | "least", 2..) => {
            let any = args.iter().map(|a| Expr::IsNull(Box::new(a.clone())));
            let any = any.reduce(|a, b| binary(a, BinaryOperator::Or, b)).ok_or_else(wrong)?;
            when(any, null(), Some(call(name, args)))
        }
        ("ln" | "log10" | "log2", 1) | ("log", 2) => {
            let last = args.pop().ok_or_else(wrong)?;
            args.push(positive(last));
            call(name, args.into_iter().map(|a| call("hive_double", vec![a])).collect())
        }
        ("log", 1) => call("ln", args.into_iter().map(|a| call("hive_double", vec![positive(a)])).collect()),
        ("factorial", 1) => call("hive_factorial", vec![call("hive_int", args)]),
        ("mod", 2) => {
            let right = args.pop().ok_or_else(wrong)?;
            remainder(args.pop().ok_or_else(wrong)?, right)
        }
        ("pmod", 2) => {
            let right = args.pop().ok_or_else(wrong)?;
            let left = args.pop().ok_or_else(wrong)?;
            let inner = Expr::Nested(Box::new(remainder(left, right.clone())));
            remainder(Expr::Nested(Box::new(binary(inner, BinaryOperator::Plus, right.clone()))), right)
        }
        ("negative", 1) => {
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(Expr::Nested(Box::new(args.remove(0)))) }
        }
        ("positive", 1) => args.remove(0),
        ("rand", 0 | 1) => call("random", Vec::new()),
        ("current_timestamp" | "now", 0) => call("hive_timestamp", vec![call("now", Vec::new())]),
        ("unix_timestamp", 0) => call("hive_bigint", vec![call("now", Vec::new())]),
        ("unix_timestamp", 1 | 2) => call("hive_unix_timestamp", args),
        ("date_part", 2) => {
            let Expr::Value(value) = &args[0] else { return Err(wrong()) };
            let field = value.value.clone().into_string().ok_or_else(wrong)?;
            field_of(&field, args.remove(1))?
        }
        ("if", 3) => {
            let otherwise = args.pop();
            let then = args.pop().ok_or_else(wrong)?;
            when(args.pop().ok_or_else(wrong)?, then, otherwise)
        }
        ("nvl2", 3) => {
            let otherwise = args.pop();
            let then = args.pop().ok_or_else(wrong)?;
            when(Expr::IsNotNull(Box::new(args.pop().ok_or_else(wrong)?)), then, otherwise)
        }
        ("isnull", 1) => Expr::IsNull(Box::new(args.remove(0))),
        ("isnotnull", 1) => Expr::IsNotNull(Box::new(args.remove(0))),
        ("map", n) if n > 0 && n % 2 == 0 => {
            let (keys, values): (Vec<_>, Vec<_>) =
                args.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
            call("map", vec![call("make_array", keys), call("make_array", values)])
        }
        ("struct", 1..) => {
            let fields = args.into_iter().enumerate().flat_map(|(at, arg)| [text(&format!("col{}", at + 1)), arg]);
            call("named_struct", fields.collect())
        }
        ("sort_array", 1) => call("array_sort", vec![args.remove(0), text("ASC"), text("NULLS FIRST")]),
        ("sort_array", 2) => {
            let up = matches!(&args[1], Expr::Value(v) if matches!(v.value, Value::Boolean(true)));
            let (direction, nulls) = if up { ("ASC", "NULLS FIRST") } else { ("DESC", "NULLS LAST") };
            call("array_sort", vec![args.remove(0), text(direction), text(nulls)])
        }
        ("count", 2..) => count_of_several(function, args)?,
        ("count", _) => Expr::Function(function),
        ("first_value" | "last_value", 2) => {
            if matches!(&args[1], Expr::Value(v) if matches!(v.value, Value::Boolean(true))) {
                function.null_treatment = Some(NullTreatment::IgnoreNulls);
            }
            if let FunctionArguments::List(list) = &mut function.args {
                list.args.truncate(1);
            }
            Expr::Function(function)
        }
        ("first_value" | "last_value", 1) => Expr::Function(function),
        ("percentile" | "percentile_approx", 2 | 3) => {
            if matches!(&args[1], Expr::Function(f) if f.name.to_string() == "make_array") {
                return Err(HiveError::unsupported(&format!("{name} of several at once"), "ask for each by itself"));
            }
            let engine = if name == "percentile" { "percentile_cont" } else { "approx_percentile_cont" };
            // A percentage must be a constant, and one of the engine's.
            let share = constant_double(&args[1]).ok_or_else(wrong)?;
            let mut made = call(engine, vec![call("hive_double", vec![args.remove(0)]), share]);
            if let Expr::Function(made) = &mut made {
                made.over = function.over;
                made.filter = function.filter;
            }
            made
        }
        ("current_database", 0) => text(&asker.database),
        ("current_user" | "logged_in_user", 0) => text(&asker.user),
        ("version", 0) => text(concat!("Doorstep ", env!("CARGO_PKG_VERSION"))),
        _ => return Err(wrong()),
    })
}

/// A number that was written, as a double of the engine.
fn constant_double(expr: &Expr) -> Option<Expr> {
    let digits = match expr {
        Expr::Value(value) => value.value.to_string(),
        Expr::Cast { expr, .. } => match &**expr {
            Expr::Value(value) => value.value.clone().into_string()?,
            _ => return None,
        },
        Expr::Function(f) if f.name.to_string() == "hive_double" => {
            return arguments(f)?.first().and_then(constant_double);
        }
        _ => return None,
    };
    let value: f64 = digits.trim_matches('\'').parse().ok()?;
    (0.0..=1.0).contains(&value).then(|| number(&format!("{value:?}")))
}

/// `count(DISTINCT a, b)`: rows in which none is NULL, each combination once.
fn count_of_several(mut function: Function, args: Vec<Expr>) -> Result<Expr, HiveError> {
    let FunctionArguments::List(list) = &mut function.args else { return Ok(Expr::Function(function)) };
    let there = args.iter().map(|a| Expr::IsNotNull(Box::new(a.clone())));
    let there = there.reduce(|a, b| binary(a, BinaryOperator::And, b)).unwrap_or_else(null);
    let what = match list.duplicate_treatment {
        Some(DuplicateTreatment::Distinct) => {
            let fields = args.into_iter().enumerate().flat_map(|(at, arg)| [text(&format!("c{at}")), arg]);
            call("named_struct", fields.collect())
        }
        _ => number("1"),
    };
    list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(when(there, what, None)))];
    Ok(Expr::Function(function))
}
