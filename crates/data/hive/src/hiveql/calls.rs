//! Hive's functions by name: which function of the engine answers, and what each is for.

use HiveFunction as F;

/// How a function of Hive is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HiveFunction {
    /// A function of the engine under this name.
    As(&'static str),
    /// The same name.
    Same,
    /// Rewritten by a rule of its own.
    Rule,
    /// Not had; why, and what to do instead.
    Refused(&'static str),
}

/// A function as `SHOW FUNCTIONS` and `DESCRIBE FUNCTION` know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionHelp {
    /// Hive's name.
    pub(crate) name: &'static str,
    /// How it is had.
    pub(crate) how: HiveFunction,
    /// Arguments and meaning.
    pub(crate) help: &'static str,
}

const fn f(name: &'static str, how: HiveFunction, help: &'static str) -> FunctionHelp {
    FunctionHelp { name, how, help }
}

/// The entry of a function, by its name in lower case.
pub(crate) fn find(name: &str) -> Option<&'static FunctionHelp> {
    FUNCTIONS.iter().find(|f| f.name == name)
}

const NO_JAVA: &str = "no Java runs here";
const NO_XML: &str = "XPath is not there; keep JSON and use get_json_object";

/// All of them, by kind.
pub(crate) const FUNCTIONS: &[FunctionHelp] = &[
    // Texts.
    f("ascii", F::Same, "ascii(text): the number of the first character"),
    f("base64", F::As("hive_base64"), "base64(binary): as Base64"),
    f("char_length", F::As("character_length"), "char_length(text): its characters"),
    f("character_length", F::Same, "character_length(text): its characters"),
    f("chr", F::Same, "chr(n): the character with this number"),
    f("concat", F::As("hive_concat"), "concat(a, b, …): all in a row; NULL when one is"),
    f("concat_ws", F::As("hive_concat_ws"), "concat_ws(separator, text or array, …): joined, without NULLs"),
    f("decode", F::As("hive_decode"), "decode(binary, charset): as text"),
    f("elt", F::As("hive_elt"), "elt(n, a, b, …): the n-th"),
    f("encode", F::As("hive_encode"), "encode(text, charset): as binary"),
    f("field", F::As("hive_field"), "field(value, a, b, …): where the value stands, or 0"),
    f("find_in_set", F::As("hive_find_in_set"), "find_in_set(text, list): where it stands in a list with commas"),
    f("format_number", F::As("hive_format_number"), "format_number(x, d): with commas and d digits"),
    f("format_string", F::As("hive_printf"), "format_string(format, …): as printf"),
    f("get_json_object", F::As("hive_get_json_object"), "get_json_object(json, path): the value at $.a.b[0]"),
    f("hex", F::As("hive_hex"), "hex(number, text or binary): as hexadecimal digits"),
    f("initcap", F::As("hive_initcap"), "initcap(text): each word with a capital"),
    f("instr", F::As("hive_instr"), "instr(text, part): where the part begins, or 0"),
    f("lcase", F::As("lower"), "lcase(text): the text in lower case"),
    f("length", F::As("hive_length"), "length(text or binary): its characters or bytes"),
    f("levenshtein", F::Same, "levenshtein(a, b): edits from one to the other"),
    f("locate", F::As("hive_locate"), "locate(part, text[, from]): where the part begins, or 0"),
    f("lower", F::Same, "lower(text): the text in lower case"),
    f("lpad", F::As("hive_lpad"), "lpad(text, length, pad): filled up on the left, or cut"),
    f("ltrim", F::Same, "ltrim(text): without blanks on the left"),
    f("mask", F::As("hive_mask"), "mask(text[, upper[, lower[, digit]]]): letters and digits hidden"),
    f("mask_first_n", F::As("hive_mask_first_n"), "mask_first_n(text, n): the first n hidden"),
    f("mask_last_n", F::As("hive_mask_last_n"), "mask_last_n(text, n): the last n hidden"),
    f("mask_show_first_n", F::As("hive_mask_show_first_n"), "mask_show_first_n(text, n): all but the first n hidden"),
    f("mask_show_last_n", F::As("hive_mask_show_last_n"), "mask_show_last_n(text, n): all but the last n hidden"),
    f("md5", F::Same, "md5(text): its MD5 in hexadecimal"),
    f("octet_length", F::As("hive_octet_length"), "octet_length(text or binary): its bytes"),
    f(
        "parse_url",
        F::As("hive_parse_url"),
        "parse_url(url, part[, key]): HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE, USERINFO",
    ),
    f("printf", F::As("hive_printf"), "printf(format, …): as in C"),
    f("quote", F::As("hive_quote"), "quote(text): in single quotes, escaped"),
    f("regexp", F::As("hive_rlike"), "regexp(text, pattern): whether it matches"),
    f("regexp_extract", F::As("hive_regexp_extract"), "regexp_extract(text, pattern[, group]): what a group matched"),
    f("regexp_replace", F::As("hive_regexp_replace"), "regexp_replace(text, pattern, by): each match replaced"),
    f("repeat", F::Same, "repeat(text, n): n times in a row"),
    f("replace", F::Same, "replace(text, what, by): each occurrence replaced"),
    f("reverse", F::Same, "reverse(text): from back to front"),
    f("rpad", F::As("hive_rpad"), "rpad(text, length, pad): filled up on the right, or cut"),
    f("rtrim", F::Same, "rtrim(text): without blanks on the right"),
    f("sha", F::As("hive_sha1"), "sha(text): its SHA-1 in hexadecimal"),
    f("sha1", F::As("hive_sha1"), "sha1(text): its SHA-1 in hexadecimal"),
    f("sha2", F::As("hive_sha2"), "sha2(text, bits): its SHA-2 in hexadecimal"),
    f("crc32", F::As("hive_crc32"), "crc32(text): its CRC-32"),
    f("soundex", F::As("hive_soundex"), "soundex(text): its Soundex code"),
    f("space", F::As("hive_space"), "space(n): n blanks"),
    f("split", F::As("hive_split"), "split(text, pattern[, most]): the parts between matches"),
    f("str_to_map", F::As("hive_str_to_map"), "str_to_map(text[, ',', ':']): pairs as a map"),
    f("substr", F::As("hive_substr"), "substr(text, from[, length]): a part; a negative start counts from the end"),
    f(
        "substring",
        F::As("hive_substr"),
        "substring(text, from[, length]): a part; a negative start counts from the end",
    ),
    f(
        "substring_index",
        F::As("hive_substring_index"),
        "substring_index(text, delimiter, n): up to the n-th delimiter",
    ),
    f("translate", F::Same, "translate(text, from, to): characters replaced one by one"),
    f("trim", F::As("btrim"), "trim(text): without blanks around"),
    f("ucase", F::As("upper"), "ucase(text): the text in upper case"),
    f("unbase64", F::As("hive_unbase64"), "unbase64(text): from Base64"),
    f("unhex", F::As("hive_unhex"), "unhex(text): from hexadecimal digits"),
    f("upper", F::Same, "upper(text): the text in upper case"),
    f("uuid", F::Same, "uuid(): a random one"),
    f("ngrams", F::Refused("explode the words and count them"), "not there"),
    f("context_ngrams", F::Refused("explode the words and count them"), "not there"),
    f("sentences", F::Refused("use split"), "not there"),
    f("in_file", F::Refused("put the lines into a table and use IN"), "not there"),
    f("aes_encrypt", F::Refused("encrypt before you load"), "not there"),
    f("aes_decrypt", F::Refused("decrypt after you read"), "not there"),
    f("mask_hash", F::Refused("use sha2(text, 256)"), "not there"),
    f("xpath", F::Refused(NO_XML), "not there"),
    f("xpath_string", F::Refused(NO_XML), "not there"),
    f("xpath_int", F::Refused(NO_XML), "not there"),
    f("reflect", F::Refused(NO_JAVA), "not there"),
    f("reflect2", F::Refused(NO_JAVA), "not there"),
    f("java_method", F::Refused(NO_JAVA), "not there"),
    f("hash", F::Refused("it is Java's own; use crc32 or sha2"), "not there"),
    f("histogram_numeric", F::Refused("use width_bucket and count"), "not there"),
    f("assert_true", F::Refused("filter, and look at the count"), "not there"),
    // Numbers.
    f("abs", F::Same, "abs(x): without its sign"),
    f("acos", F::Same, "acos(x): arc cosine"),
    f("asin", F::Same, "asin(x): arc sine"),
    f("atan", F::Same, "atan(x): arc tangent"),
    f("bin", F::As("hive_bin"), "bin(n): in binary digits"),
    f("bround", F::As("hive_bround"), "bround(x[, d]): rounded half to even"),
    f("cbrt", F::Same, "cbrt(x): cube root"),
    f("ceil", F::As("hive_ceil"), "ceil(x): the next whole number"),
    f("ceiling", F::As("hive_ceil"), "ceiling(x): the next whole number"),
    f("conv", F::As("hive_conv"), "conv(n, from, to): from one base into another"),
    f("cos", F::Same, "cos(x): cosine"),
    f("degrees", F::Same, "degrees(x): from radians"),
    f("e", F::Rule, "e(): 2.718…"),
    f("exp", F::Same, "exp(x): e to the x"),
    f("factorial", F::Rule, "factorial(n): of 0 to 20, else NULL"),
    f("floor", F::As("hive_floor"), "floor(x): the whole number below"),
    f("greatest", F::Rule, "greatest(a, b, …): the largest; NULL when one is"),
    f("least", F::Rule, "least(a, b, …): the smallest; NULL when one is"),
    f("ln", F::Rule, "ln(x): natural logarithm; NULL unless x > 0"),
    f("log", F::Rule, "log([base, ]x): logarithm; NULL unless x > 0"),
    f("log10", F::Rule, "log10(x): logarithm to 10; NULL unless x > 0"),
    f("log2", F::Rule, "log2(x): logarithm to 2; NULL unless x > 0"),
    f("mod", F::Rule, "mod(a, b): the remainder, with the sign of a"),
    f("negative", F::Rule, "negative(x): -x"),
    f("nanvl", F::Same, "nanvl(a, b): b when a is no number"),
    f("isnan", F::Same, "isnan(x): whether it is no number"),
    f("pi", F::Same, "pi(): 3.141…"),
    f("pmod", F::Rule, "pmod(a, b): the remainder, never negative"),
    f("positive", F::Rule, "positive(x): x"),
    f("pow", F::As("hive_pow"), "pow(a, b): a to the b"),
    f("power", F::As("hive_pow"), "power(a, b): a to the b"),
    f("radians", F::Same, "radians(x): from degrees"),
    f("rand", F::Rule, "rand(): from 0 to 1; a seed is passed over"),
    f("rint", F::As("hive_rint"), "rint(x): the nearest whole number, as a double"),
    f("round", F::As("hive_round"), "round(x[, d]): rounded half away from zero"),
    f("shiftleft", F::As("hive_shiftleft"), "shiftleft(n, bits)"),
    f("shiftright", F::As("hive_shiftright"), "shiftright(n, bits)"),
    f("shiftrightunsigned", F::As("hive_shiftrightunsigned"), "shiftrightunsigned(n, bits)"),
    f("sign", F::As("hive_sign"), "sign(x): -1, 0 or 1"),
    f("sin", F::Same, "sin(x): sine"),
    f("sqrt", F::Same, "sqrt(x): square root"),
    f("tan", F::Same, "tan(x): tangent"),
    f("width_bucket", F::As("hive_width_bucket"), "width_bucket(x, least, greatest, n): which of n equal parts"),
    // Days and times.
    f("add_months", F::As("hive_add_months"), "add_months(day, n): n months later, at most that month's last day"),
    f("current_date", F::Same, "current_date(): today, in UTC"),
    f("current_timestamp", F::Rule, "current_timestamp(): now, in UTC"),
    f("now", F::Rule, "now(): now, in UTC"),
    f("date_add", F::As("hive_date_add"), "date_add(day, n): n days later"),
    f("date_format", F::As("hive_date_format"), "date_format(time, pattern): by a pattern such as yyyy-MM-dd"),
    f("date_part", F::Rule, "date_part(field, time): one field"),
    f("date_sub", F::As("hive_date_sub"), "date_sub(day, n): n days earlier"),
    f("date_trunc", F::As("hive_date_trunc"), "date_trunc(unit, time): cut to the unit"),
    f("datediff", F::As("hive_datediff"), "datediff(end, start): days between"),
    f("day", F::As("hive_day"), "day(time): of the month"),
    f("dayofmonth", F::As("hive_day"), "dayofmonth(time)"),
    f("dayofweek", F::As("hive_dayofweek"), "dayofweek(time): 1 is Sunday"),
    f("dayofyear", F::As("hive_dayofyear"), "dayofyear(time)"),
    f("from_unixtime", F::As("hive_from_unixtime"), "from_unixtime(seconds[, pattern]): as text, in UTC"),
    f("from_utc_timestamp", F::As("hive_from_utc_timestamp"), "from_utc_timestamp(time, zone): the clock there"),
    f("hour", F::As("hive_hour"), "hour(time)"),
    f("last_day", F::As("hive_last_day"), "last_day(time): of its month"),
    f("minute", F::As("hive_minute"), "minute(time)"),
    f("month", F::As("hive_month"), "month(time)"),
    f("months_between", F::As("hive_months_between"), "months_between(end, start): with days as parts of 31"),
    f("next_day", F::As("hive_next_day"), "next_day(time, 'MON'): the first such day after"),
    f("quarter", F::As("hive_quarter"), "quarter(time)"),
    f("second", F::As("hive_second"), "second(time)"),
    f("to_date", F::As("hive_to_date"), "to_date(time): its day"),
    f("to_timestamp", F::As("hive_to_timestamp"), "to_timestamp(text[, pattern])"),
    f("to_utc_timestamp", F::As("hive_to_utc_timestamp"), "to_utc_timestamp(time, zone): the clock in UTC"),
    f("trunc", F::As("hive_trunc"), "trunc(day, 'MM'): the first day of its month, quarter or year"),
    f("unix_timestamp", F::Rule, "unix_timestamp([text[, pattern]]): seconds since 1970"),
    f("weekofyear", F::As("hive_weekofyear"), "weekofyear(time): of ISO 8601"),
    f("year", F::As("hive_year"), "year(time)"),
    // Conditions.
    f("coalesce", F::Same, "coalesce(a, b, …): the first that is not NULL"),
    f("if", F::Rule, "if(condition, a, b)"),
    f("isnotnull", F::Rule, "isnotnull(x)"),
    f("isnull", F::Rule, "isnull(x)"),
    f("nullif", F::Same, "nullif(a, b): NULL when they are equal"),
    f("nvl", F::As("coalesce"), "nvl(a, b): b when a is NULL"),
    f("nvl2", F::Rule, "nvl2(x, a, b): a unless x is NULL"),
    f("typeof", F::As("hive_typeof"), "typeof(x): its type"),
    // Arrays, maps, structs.
    f("array", F::As("make_array"), "array(a, b, …)"),
    f("array_contains", F::As("hive_array_contains"), "array_contains(array, x)"),
    f("array_distinct", F::Same, "array_distinct(array): each once"),
    f("array_except", F::Same, "array_except(a, b): those of a that are not in b"),
    f("array_intersect", F::Same, "array_intersect(a, b): those in both"),
    f("array_join", F::As("array_to_string"), "array_join(array, separator)"),
    f("array_max", F::Same, "array_max(array)"),
    f("array_min", F::Same, "array_min(array)"),
    f("array_remove", F::As("array_remove_all"), "array_remove(array, x)"),
    f("array_repeat", F::Same, "array_repeat(x, n)"),
    f("array_union", F::Same, "array_union(a, b)"),
    f("element_at", F::As("array_element"), "element_at(array, n): the n-th, from 1"),
    f("flatten", F::Same, "flatten(array of arrays)"),
    f("map", F::Rule, "map(key, value, …)"),
    f("map_keys", F::Same, "map_keys(map)"),
    f("map_values", F::Same, "map_values(map)"),
    f("named_struct", F::Same, "named_struct('name', value, …)"),
    f("sequence", F::As("generate_series"), "sequence(from, to)"),
    f("size", F::As("hive_size"), "size(array or map): -1 for NULL"),
    f("slice", F::As("hive_slice"), "slice(array, from, length)"),
    f("sort_array", F::Rule, "sort_array(array[, ascending])"),
    f("struct", F::Rule, "struct(a, b, …): fields col1, col2, …"),
    // Rows from values: alone in a SELECT, or in a LATERAL VIEW.
    f("explode", F::Rule, "explode(array or map): a row for each"),
    f("inline", F::Rule, "inline(array of structs): a row for each"),
    f("json_tuple", F::Rule, "json_tuple(json, a, b, …): fields as columns"),
    f("parse_url_tuple", F::Rule, "parse_url_tuple(url, 'HOST', …): parts as columns"),
    f("posexplode", F::Rule, "posexplode(array or map): a row for each, with its place"),
    f("stack", F::Rule, "stack(n, a, b, …): the values in n rows"),
    // Over rows.
    f("approx_count_distinct", F::As("approx_distinct"), "approx_count_distinct(x): about how many different"),
    f("avg", F::Same, "avg(x)"),
    f("collect_list", F::Same, "collect_list(x): all in an array, without NULLs"),
    f("collect_set", F::Same, "collect_set(x): each once in an array"),
    f("corr", F::Same, "corr(a, b): correlation"),
    f("count", F::Rule, "count(*), count(x), count(DISTINCT a, b)"),
    f("covar_pop", F::Same, "covar_pop(a, b)"),
    f("covar_samp", F::Same, "covar_samp(a, b)"),
    f("cume_dist", F::Same, "cume_dist() over (…)"),
    f("dense_rank", F::Same, "dense_rank() over (…)"),
    f("first_value", F::Rule, "first_value(x[, true to pass over NULLs]) over (…)"),
    f("grouping", F::Same, "grouping(x): 1 where it is rolled up"),
    f("lag", F::Same, "lag(x[, n[, else]]) over (…)"),
    f("last_value", F::Rule, "last_value(x[, true to pass over NULLs]) over (…)"),
    f("lead", F::Same, "lead(x[, n[, else]]) over (…)"),
    f("max", F::Same, "max(x)"),
    f("min", F::Same, "min(x)"),
    f("ntile", F::Same, "ntile(n) over (…)"),
    f("percent_rank", F::Same, "percent_rank() over (…)"),
    f("percentile", F::Rule, "percentile(x, p): exact, between values if need be"),
    f("percentile_approx", F::Rule, "percentile_approx(x, p): about"),
    f("rank", F::Same, "rank() over (…)"),
    f("regr_slope", F::Same, "regr_slope(y, x)"),
    f("regr_intercept", F::Same, "regr_intercept(y, x)"),
    f("regr_r2", F::Same, "regr_r2(y, x)"),
    f("row_number", F::Same, "row_number() over (…)"),
    f("std", F::As("stddev_pop"), "std(x): of all rows"),
    f("stddev", F::As("stddev_pop"), "stddev(x): of all rows"),
    f("stddev_pop", F::Same, "stddev_pop(x)"),
    f("stddev_samp", F::Same, "stddev_samp(x)"),
    f("sum", F::Same, "sum(x)"),
    f("var_pop", F::Same, "var_pop(x)"),
    f("var_samp", F::Same, "var_samp(x)"),
    f("variance", F::As("var_pop"), "variance(x): of all rows"),
    // The session.
    f("current_database", F::Rule, "current_database()"),
    f("current_user", F::Rule, "current_user(): the access key"),
    f("logged_in_user", F::Rule, "logged_in_user(): the access key"),
    f("version", F::Rule, "version(): of Doorstep"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_once() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|f| f.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(FUNCTIONS.iter().all(|f| f.name == f.name.to_lowercase()));
    }
}
