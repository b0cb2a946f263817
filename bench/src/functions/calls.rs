//! The call that each function and operator is measured by.

/// One measured call.
#[derive(Debug)]
pub struct Call {
    /// What it is compared with.
    pub kind: &'static str,
    /// The function or operator.
    pub name: &'static str,
    /// XQL over the columns of `data.rs`.
    pub text: &'static str,
}

const fn c(kind: &'static str, name: &'static str, text: &'static str) -> Call {
    Call { kind, name, text }
}

/// Why a function costs more than 20 times the cheapest of its kind.
pub fn reason(name: &str) -> Option<&'static str> {
    REASONS.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason)
}

const REASONS: &[(&str, &str)] = &[];

/// Every function, then the operators.
#[rustfmt::skip] // one line per call
pub const CALLS: &[Call] = &[
    c("aggregates", "approx_count", "approx_count(cmd)"),
    c("aggregates", "approx_quantiles", "approx_quantiles(n, 10)"),
    c("aggregates", "approx_top", "approx_top(cmd, 10)"),
    c("aggregates", "avg", "avg(f)"),
    c("aggregates", "count", "count(n)"),
    c("aggregates", "count_distinct", "count_distinct(cmd)"),
    c("aggregates", "earliest", "earliest(n)"),
    c("aggregates", "first", "first(n)"),
    c("aggregates", "last", "last(n)"),
    c("aggregates", "latest", "latest(n)"),
    c("aggregates", "list", "list(n)"),
    c("aggregates", "max", "max(n)"),
    c("aggregates", "median", "median(n)"),
    c("aggregates", "min", "min(n)"),
    c("aggregates", "stddev_population", "stddev_population(f)"),
    c("aggregates", "stddev_sample", "stddev_sample(f)"),
    c("aggregates", "sum", "sum(n)"),
    c("aggregates", "values", "values(tool)"),
    c("aggregates", "var", "var(f)"),
    c("windows", "dense_rank", "dense_rank() by tool sort asc _time"),
    c("windows", "first_value", "first_value(n) by tool sort asc _time"),
    c("windows", "lag", "lag(n) by tool sort asc _time"),
    c("windows", "last_value", "last_value(n) by tool sort asc _time"),
    c("windows", "rank", "rank() by tool sort asc _time"),
    c("windows", "row_number", "row_number() by tool sort asc _time"),
    c("arrays", "array_all", "array_all(tags, \"@element\" != \"grep\")"),
    c("arrays", "array_any", "array_any(tags, \"@element\" = \"grep\")"),
    c("arrays", "array_length", "array_length(tags)"),
    c("arrays", "arrayconcat", "arrayconcat(tags, tags)"),
    c("arrays", "arraycreate", "arraycreate(tool, word)"),
    c("arrays", "arraydistinct", "arraydistinct(tags)"),
    c("arrays", "arrayfilter", "arrayfilter(tags, \"@element\" contains \"file\")"),
    c("arrays", "arrayindex", "arrayindex(tags, 1)"),
    c("arrays", "arrayindexof", "arrayindexof(tags, \"@element\" = \"grep\")"),
    c("arrays", "arraymap", "arraymap(nums, add(\"@element\", 1))"),
    c("arrays", "arraymerge", "arraymerge(arraycreate(doc -> a.b{}, \"[1]\"))"),
    c("arrays", "arrayrange", "arrayrange(tags, 1, 3)"),
    c("arrays", "arraystring", "arraystring(tags, \",\")"),
    c("conditions", "coalesce", "coalesce(n, m, 0)"),
    c("conditions", "greatest", "greatest(n, m)"),
    c("conditions", "hierarchy_match", "hierarchy_match(arraycreate(\"Org\", \"Prod\"))"),
    c("conditions", "if", "if(flag, n, m)"),
    c("conditions", "least", "least(n, m)"),
    c("conversions", "to_boolean", "to_boolean(flags)"),
    c("conversions", "to_float", "to_float(digits)"),
    c("conversions", "to_integer", "to_integer(digits)"),
    c("conversions", "to_json_string", "to_json_string(tags)"),
    c("conversions", "to_number", "to_number(digits)"),
    c("conversions", "to_string", "to_string(n)"),
    c("addresses", "incidr", "incidr(ip, \"10.0.0.0/8, 192.168.0.0/16\")"),
    c("addresses", "incidr6", "incidr6(ip6, \"fe80::/10\")"),
    c("addresses", "incidrlist", "incidrlist(ips, \"10.0.0.0/8\")"),
    c("addresses", "int_to_ip", "int_to_ip(n)"),
    c("addresses", "ip_to_int", "ip_to_int(ip)"),
    c("addresses", "is_ipv4", "is_ipv4(ip)"),
    c("addresses", "is_ipv6", "is_ipv6(ip6)"),
    c("addresses", "is_known_private_ipv4", "is_known_private_ipv4(ip)"),
    c("addresses", "is_known_private_ipv6", "is_known_private_ipv6(ip6)"),
    c("urls", "extract_url_host", "extract_url_host(url)"),
    c("urls", "extract_url_pub_suffix", "extract_url_pub_suffix(url)"),
    c("urls", "extract_url_registered_domain", "extract_url_registered_domain(url)"),
    c("json", "json_extract", "json_extract(doc, \"$.k18\")"),
    c("json", "json_extract_array", "json_extract_array(doc, \"$.a.b\")"),
    c("json", "json_extract_scalar", "json_extract_scalar(doc, \"$.k18\")"),
    c("json", "json_extract_scalar_array", "json_extract_scalar_array(doc, \"$.a.b\")"),
    c("json", "json_path_extract", "json_path_extract(doc, \"$..c\")"),
    c("json", "object_create", "object_create(\"tool\", tool, \"n\", n)"),
    c("json", "object_merge", "object_merge(doc -> a{}, doc -> a.d{})"),
    c("json", "parse_json", "parse_json(doc)"),
    c("logs", "parse_cef", "parse_cef(cef)"),
    c("logs", "parse_cisco", "parse_cisco(cisco)"),
    c("maths", "acos", "acos(f)"),
    c("maths", "add", "add(n, m)"),
    c("maths", "asin", "asin(f)"),
    c("maths", "bitwise_and", "bitwise_and(n, m)"),
    c("maths", "bitwise_or", "bitwise_or(n, m)"),
    c("maths", "bitwise_sleft", "bitwise_sleft(n, m)"),
    c("maths", "bitwise_sright", "bitwise_sright(n, m)"),
    c("maths", "bitwise_xor", "bitwise_xor(n, m)"),
    c("maths", "cbrt", "cbrt(f)"),
    c("maths", "ceil", "ceil(f)"),
    c("maths", "cos", "cos(f)"),
    c("maths", "cosine_distance", "cosine_distance(v, w)"),
    c("maths", "cot", "cot(f)"),
    c("maths", "csc", "csc(f)"),
    c("maths", "div", "div(n, m)"),
    c("maths", "divide", "divide(n, m)"),
    c("maths", "euclidean_distance", "euclidean_distance(v, w)"),
    c("maths", "exp", "exp(f)"),
    c("maths", "floor", "floor(f)"),
    c("maths", "ln", "ln(f)"),
    c("maths", "log", "log(f, 2)"),
    c("maths", "log10", "log10(f)"),
    c("maths", "mod", "mod(n, m)"),
    c("maths", "multiply", "multiply(n, m)"),
    c("maths", "pow", "pow(f, 2)"),
    c("maths", "power", "power(f, 2)"),
    c("maths", "rand", "rand()"),
    c("maths", "range_bucket", "range_bucket(n, arraycreate(0, 10, 1000, 100000))"),
    c("maths", "round", "round(f)"),
    c("maths", "safe_add", "safe_add(n, m)"),
    c("maths", "safe_divide", "safe_divide(n, m)"),
    c("maths", "safe_multiply", "safe_multiply(n, m)"),
    c("maths", "safe_negate", "safe_negate(n)"),
    c("maths", "safe_subtract", "safe_subtract(n, m)"),
    c("maths", "sec", "sec(f)"),
    c("maths", "sign", "sign(f)"),
    c("maths", "sin", "sin(f)"),
    c("maths", "sqrt", "sqrt(f)"),
    c("maths", "subtract", "subtract(n, m)"),
    c("maths", "tan", "tan(f)"),
    c("maths", "trunc", "trunc(f)"),
    c("strings", "concat", "concat(tool, \"-\", word)"),
    c("strings", "format_string", "format_string(\"%s: %d\", tool, n)"),
    c("strings", "len", "len(cmd)"),
    c("strings", "lowercase", "lowercase(cmd)"),
    c("strings", "ltrim", "ltrim(cmd, \"/\")"),
    c("strings", "replace", "replace(cmd, \"model\", \"m\")"),
    c("strings", "rtrim", "rtrim(cmd)"),
    c("strings", "split", "split(cmd, \" \")"),
    c("strings", "string_count", "string_count(cmd, \"id\")"),
    c("strings", "trim", "trim(cmd)"),
    c("strings", "uppercase", "uppercase(cmd)"),
    c("encodings", "convert_from_base_64", "convert_from_base_64(b64)"),
    c("encodings", "convert_to_base_64", "convert_to_base_64(cmd)"),
    c("encodings", "md5", "md5(cmd)"),
    c("encodings", "sha1", "sha1(cmd)"),
    c("encodings", "sha256", "sha256(cmd)"),
    c("encodings", "sha512", "sha512(cmd)"),
    c("patterns", "regexcapture", "regexcapture(cmd, \"--model(?P<model>\\d+)\")"),
    c("patterns", "regextract", "regextract(cmd, \"--model(\\d+)\")"),
    c("patterns", "replex", "replex(cmd, \"\\d+\", \"#\")"),
    c("patterns", "wildcard_match", "wildcard_match(cmd, \"*model*\")"),
    c("time", "current_time", "current_time()"),
    c("time", "date_floor", "date_floor(_time, \"d\")"),
    c("time", "extract_time", "extract_time(_time, \"HOUR\")"),
    c("time", "format_timestamp", "format_timestamp(\"%F %H:%M:%S\", _time)"),
    c("time", "parse_epoch", "parse_epoch(\"%F %H:%M:%S\", when)"),
    c("time", "parse_timestamp", "parse_timestamp(\"%F %H:%M:%S\", when)"),
    c("time", "time_frame_end", "time_frame_end()"),
    c("time", "timestamp_diff", "timestamp_diff(_time, u, \"MINUTE\")"),
    c("time", "timestamp_seconds", "timestamp_seconds(epoch)"),
    c("time", "to_epoch", "to_epoch(_time)"),
    c("time", "to_timestamp", "to_timestamp(epoch, \"SECONDS\")"),
    c("operators", "= (text)", "tool = \"grep\""),
    c("operators", "= (wildcard)", "cmd = \"*model*eval*\""),
    c("operators", "!=", "tool != \"grep\""),
    c("operators", "<", "n < 500000"),
    c("operators", "in", "tool in (\"grep\", \"send_mail\", \"get_secret\")"),
    c("operators", "contains", "cmd contains \"EVAL\""),
    c("operators", "contains (computed)", "cmd contains word"),
    c("operators", "~=", "cmd ~= \"llama\\d+ .*eval\""),
    c("operators", "~= (computed)", "cmd ~= word"),
    c("operators", "incidr", "ip incidr \"10.0.0.0/8\""),
    c("operators", "incidr6", "ip6 incidr6 \"fe80::/10\""),
    c("operators", "->", "doc -> k18"),
    c("operators", "->->", "doc ->-> \"$..c\""),
    c("operators", "+", "tool + word"),
];

#[cfg(test)]
mod tests {
    use atalanta_xql::signatures::FUNCTIONS;

    use super::*;

    #[test]
    fn every_function_is_measured() {
        for function in FUNCTIONS {
            assert!(CALLS.iter().any(|call| call.name == function.name), "{}", function.name);
        }
        for (name, _) in REASONS {
            assert!(CALLS.iter().any(|call| call.name == *name), "{name}");
        }
    }
}
