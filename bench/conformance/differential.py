"""The meaning of XQL expressions against DuckDB's, on generated values.

Each pair below is an XQL expression and the DuckDB expression that means the same. Both are computed over the same
generated rows (nulls, empty texts, text beyond ASCII, numbers at the ends of their ranges) and compared row by row.
Where XQL means something else on purpose, the DuckDB side says so, and the reason stands in INTENDED.

    make -C bench differential
"""

import argparse
import datetime
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

# What XQL means otherwise, and how the DuckDB side of a pair allows for it.
INTENDED = """
arithmetic        a division by zero and what is outside a function's domain is null, never an error, NaN or infinity
greatest, least   null if one argument is null; DuckDB leaves nulls out
!=                true where one side is null, false where both are: IS DISTINCT FROM
case              `=` with a literal, `in`, `contains` ignore case by default; the pairs run with case_sensitive = true
uppercase         follows Unicode's full mapping (`ß` becomes `SS`), DuckDB the simple one; compared without `ß`
split             of null is an empty array
round             halves go away from zero, to an integer
to_integer        no rounding of text: "1.5" is null; DuckDB's cast gives 2
to_string         of floats is not compared: both are shortest round-trip forms, spelled differently
date_floor "w"    weeks begin on Sunday
extract_time      DAYOFWEEK is 1 on Monday, 7 on Sunday: DuckDB's isodow
to_epoch          rounds towards the past
json scalars      an object or array is null, DuckDB's ->> gives its text
json texts        `-> path{}` keeps the escapes of the text as they are, DuckDB writes them anew
arraystring       nulls are left out, so that an array of nulls gives an empty text
arrayindex        counts from 0, DuckDB from 1
array_any         false for an empty array; null elements fail a condition
"""

LETTERS = ["a", "b", "B", "Z", "0", "7", " ", "\t", ",", ".", "/", "é", "É", "ß", "日", "本", "🙂", "x", "xy"]

# (XQL, DuckDB), over the columns of `rows`.
PAIRS = [
    # strings
    ('concat(s, p)', "s || p"),
    ('s + p', "s || p"),
    ('len(s)', "length(s)"),
    ('lowercase(s)', "lower(s)"),
    ('uppercase(replace(s, "ß", ""))', "upper(replace(s, 'ß', ''))"),
    ('trim(s)', r"trim(s, E' \t\r\n')"),
    ('trim(s, "ab é")', "trim(s, 'ab é')"),
    ('ltrim(s, "a0")', "ltrim(s, 'a0')"),
    ('rtrim(s, "x.y")', "rtrim(s, 'x.y')"),
    ('replace(s, "a", "<é>")', "replace(s, 'a', '<é>')"),
    ('replace(s, p, "-")', "CASE WHEN p = '' THEN s ELSE replace(s, p, '-') END"),
    ('split(s, ",")', "coalesce(string_split(s, ','), [])"),
    ('split(s, "xy")', "coalesce(string_split(s, 'xy'), [])"),
    ('string_count(s, "a")', "length(s) - length(replace(s, 'a', ''))"),
    ('s contains "a"', "contains(s, 'a')"),
    ('s contains p', "contains(s, p)"),
    ('s not contains "é"', "NOT contains(s, 'é')"),
    ('s = "a*"', "s LIKE 'a%'"),
    ('s = "*é*"', "s LIKE '%é%'"),
    ('s != "*x*7"', "s IS NULL OR s NOT LIKE '%x%7'"),
    ('s ~= "[a-b]+[0-9]"', "regexp_matches(s, '[a-b]+[0-9]')"),
    ('s ~= "(?i)b$"', "regexp_matches(s, '(?i)b$')"),
    ('s !~= "^[^a]"', "NOT regexp_matches(s, '^[^a]')"),
    (r'regextract(s, "[a-z]+")', "regexp_extract_all(s, '[a-z]+')"),
    (r'regextract(s, "a(.)")', "regexp_extract_all(s, 'a(.)', 1)"),
    (r'replex(s, "[0-9]", "#")', "regexp_replace(s, '[0-9]', '#', 'g')"),
    (r'replex(s, "(a)(.)", "\2\1")', r"regexp_replace(s, '(a)(.)', '\2\1', 'g')"),
    ('convert_to_base_64(s)', "to_base64(encode(s))"),
    ('md5(s)', "md5(s)"),
    ('sha1(s)', "sha1(s)"),
    ('sha256(s)', "sha256(s)"),
    ('to_json_string(s)', "s"),
    # comparisons and nulls
    ('s = p', "s = p"),
    ('s != p', "s IS DISTINCT FROM p"),
    ('s < p', "s < p"),
    ('s >= p', "s >= p"),
    ('i < j', "i < j"),
    ('i != j', "i IS DISTINCT FROM j"),
    ('i <= f', "i <= f"),
    ('s in ("a", "b", "xy")', "s IN ('a', 'b', 'xy')"),
    ('s not in ("a", "b")', "s IS NULL OR s NOT IN ('a', 'b')"),
    ('s in ("a", null)', "s IS NULL OR s = 'a'"),
    ('i in (1, 2, 3)', "i IN (1, 2, 3)"),
    ('s = "a" and p = "b" or i > 5', "s = 'a' AND p = 'b' OR i > 5"),
    ('not (s = "a" or p = "b")', "NOT (s = 'a' OR p = 'b')"),
    ('if(i > 5, s, j > 5, p)', "CASE WHEN i > 5 THEN s WHEN j > 5 THEN p END"),
    ('coalesce(s, p, "none")', "coalesce(s, p, 'none')"),
    ('greatest(i, j)', "CASE WHEN i IS NULL OR j IS NULL THEN NULL ELSE greatest(i, j) END"),
    ('least(s, p)', "CASE WHEN s IS NULL OR p IS NULL THEN NULL ELSE least(s, p) END"),
    ('greatest(f, g)', "CASE WHEN f IS NULL OR g IS NULL THEN NULL ELSE greatest(f, g) END"),
    # conversions
    ('to_integer(d)', "CASE WHEN regexp_full_match(d, '[+-]?[0-9]+') THEN try_cast(d AS BIGINT) END"),
    ('to_float(d)', "CASE WHEN isfinite(try_cast(trim(d) AS DOUBLE)) THEN try_cast(trim(d) AS DOUBLE) END"),
    ('to_string(i)', "i::VARCHAR"),
    ('to_boolean(d)', "CASE lower(d) WHEN 'true' THEN true WHEN 'false' THEN false END"),
    # mathematics
    ('add(i, j)', "i + j"),
    ('subtract(i, j)', "i - j"),
    ('multiply(i, j)', "i * j"),
    ('safe_add(i, j)', "i + j"),
    ('divide(i, j)', "CASE WHEN j <> 0 THEN i::DOUBLE / j END"),
    ('div(i, j)', "CASE WHEN j <> 0 THEN trunc(i::HUGEINT / j)::BIGINT END"),
    ('mod(i, j)', "CASE WHEN j <> 0 THEN i % j END"),
    ('mod(f, 3)', "f % 3"),
    ('add(f, i)', "f + i"),
    ('pow(i, 2)', "pow(i, 2)"),
    ('sqrt(f)', "CASE WHEN f >= 0 THEN sqrt(f) END"),
    ('cbrt(f)', "cbrt(f)"),
    ('exp(g)', "CASE WHEN g < 700 THEN exp(g) END"),
    ('ln(f)', "CASE WHEN f > 0 THEN ln(f) END"),
    ('log10(f)', "CASE WHEN f > 0 THEN log10(f) END"),
    ('sin(f)', "sin(f)"),
    ('cos(f)', "cos(f)"),
    ('tan(g)', "tan(g)"),
    ('asin(g)', "CASE WHEN abs(g) <= 1 THEN asin(g) END"),
    ('acos(g)', "CASE WHEN abs(g) <= 1 THEN acos(g) END"),
    ('floor(f)', "floor(f)::BIGINT"),
    ('ceil(f)', "ceil(f)::BIGINT"),
    ('round(f)', "(sign(f) * floor(abs(f) + 0.5))::BIGINT"),
    ('trunc(f)', "trunc(f)"),
    ('sign(f)', "sign(f)::BIGINT"),
    ('safe_negate(i)', "-i"),
    ('bitwise_and(i, j)', "i & j"),
    ('bitwise_or(i, j)', "i | j"),
    ('bitwise_xor(i, j)', "xor(i, j)"),
    ('bitwise_sleft(bitwise_and(i, 1023), 3)', "(i & 1023) << 3"),
    ('bitwise_sright(bitwise_and(i, 1023), 3)', "(i & 1023) >> 3"),
    ('int_to_ip(bitwise_and(i, 4294967295))',
     "concat_ws('.', (i >> 24) & 255, (i >> 16) & 255, (i >> 8) & 255, i & 255)"
     .join(["CASE WHEN i IS NOT NULL THEN ", " END"])),
    # time
    ('to_epoch(t)', "floor(epoch_us(t) / 1000000)::BIGINT"),
    ('to_epoch(t, "MILLIS")', "floor(epoch_us(t) / 1000)::BIGINT"),
    ('to_epoch(t, "MICROS")', "epoch_us(t)"),
    ('to_timestamp(e, "SECONDS")', "make_timestamp(e * 1000000)"),
    ('to_timestamp(e, "MILLIS")', "make_timestamp(e * 1000)"),
    ('date_floor(t, "h")', "date_trunc('hour', t)"),
    ('date_floor(t, "d")', "date_trunc('day', t)"),
    ('date_floor(t, "w")', "date_trunc('week', t + INTERVAL 1 DAY) - INTERVAL 1 DAY"),
    ('date_floor(t, "mo")', "date_trunc('month', t)"),
    ('date_floor(t, "y")', "date_trunc('year', t)"),
    ('extract_time(t, "YEAR")', "year(t)"),
    ('extract_time(t, "QUARTER")', "quarter(t)"),
    ('extract_time(t, "MONTH")', "month(t)"),
    ('extract_time(t, "DAY")', "day(t)"),
    ('extract_time(t, "DAYOFWEEK")', "isodow(t)"),
    ('extract_time(t, "DAYOFYEAR")', "dayofyear(t)"),
    ('extract_time(t, "HOUR")', "hour(t)"),
    ('extract_time(t, "MINUTE")', "minute(t)"),
    ('extract_time(t, "SECOND")', "second(t)"),
    ('timestamp_diff(t, u, "DAY")', "trunc((epoch_us(t) - epoch_us(u)) / 86400000000)::BIGINT"),
    ('timestamp_diff(t, u, "HOUR")', "trunc((epoch_us(t) - epoch_us(u)) / 3600000000)::BIGINT"),
    ('timestamp_diff(t, u, "SECOND")', "trunc((epoch_us(t) - epoch_us(u)) / 1000000)::BIGINT"),
    ('timestamp_diff(t, u, "MICROSECOND")', "epoch_us(t) - epoch_us(u)"),
    ('format_timestamp("%Y-%m-%d %H:%M:%S %j %p %y", t)', "strftime(t, '%Y-%m-%d %H:%M:%S %j %p %y')"),
    ('format_timestamp("%a %A %b %B %I", t)', "strftime(t, '%a %A %b %B %I')"),
    ('parse_timestamp("%Y-%m-%d %H:%M:%S", w)', "try_strptime(w, '%Y-%m-%d %H:%M:%S')"),
    ('t < u', "t < u"),
    # arrays
    ('array_length(a)', "len(a)"),
    ('arrayindex(a, 0)', "a[1]"),
    ('arrayindex(a, -1)', "a[-1]"),
    ('arrayindex(a, 7)', "a[8]"),
    ('arrayrange(a, 1, 3)', "a[2:3]"),
    ('arrayconcat(a, b)', "CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END"),
    ('arraystring(a, "|")', "CASE WHEN a IS NOT NULL THEN coalesce(array_to_string(a, '|'), '') END"),
    ('arrayfilter(a, "@element" != "a")', "list_filter(a, lambda e: e IS DISTINCT FROM 'a')"),
    ('arrayfilter(a, "@element" contains "x")', "list_filter(a, lambda e: contains(e, 'x'))"),
    ('arraymap(a, lowercase("@element"))', "list_transform(a, lambda e: lower(e))"),
    ('arraymap(a, concat("@element", s))', "list_transform(a, lambda e: e || s)"),
    ('arrayindexof(a, "@element" = "b")', "nullif(list_position(a, 'b'), 0) - 1"),
    ('array_any(a, "@element" = "b")', "len(list_filter(a, lambda e: e = 'b')) > 0"),
    ('array_all(a, len("@element") > 1)',
     "len(a) > 0 AND len(list_filter(a, lambda e: length(e) > 1)) = len(a)"),
    ('a contains "x"', "len(list_filter(a, lambda e: contains(e, 'x'))) > 0"),
    # JSON
    ('doc -> i', "doc ->> '$.i'"),
    ('doc -> o.s', "doc ->> '$.o.s'"),
    ('doc -> l[1]', "doc ->> '$.l[1]'"),
    ('doc -> o.n{}', "doc -> '$.o.n'"),
    ('doc -> none', "doc ->> '$.none'"),
    ('json_extract_scalar_array(doc, "$.l")', "doc ->> '$.l[*]'"),
]


def maybe(rng, value):
    return None if rng.random() < 0.1 else value


def text(rng):
    return "".join(rng.choice(LETTERS) for _ in range(rng.choice([0, 1, 1, 2, 3, 5, 8, 20])))


def integer(rng):
    return rng.choice([0, 1, -1, 2, 3, 7, 255, -256, rng.randint(-50, 50), rng.randint(-(2**31), 2**31)])


def number(rng):
    return rng.choice([0.0, 1.0, -1.0, 0.5, -0.5, 2.5, rng.uniform(-3, 3), rng.uniform(-1e6, 1e6)])


def time(rng):
    base = datetime.datetime(1969, 1, 1)
    return base + datetime.timedelta(seconds=rng.randint(0, 60 * 365 * 86400), microseconds=rng.randint(0, 999_999))


def document(rng):
    inner = {"s": text(rng), "n": rng.randint(0, 9)}
    return json.dumps({"i": integer(rng), "o": inner, "l": [text(rng) for _ in range(3)]},
                      ensure_ascii=rng.random() < 0.5, separators=(",", ":"))


def row(rng, index):
    digits = rng.choice([str(integer(rng)), str(number(rng)), "", "12x", "TRUE", "false", "+5", "99999999999999999999"])
    when = rng.choice([time(rng).strftime("%Y-%m-%d %H:%M:%S"), "2026-02-30 00:00:00", "soon", ""])
    words = lambda: [maybe(rng, text(rng)) for _ in range(rng.randint(0, 5))]
    return [index] + [maybe(rng, value) for value in (
        text(rng), rng.choice([text(rng), rng.choice(LETTERS)]), digits, integer(rng), integer(rng), number(rng),
        rng.uniform(-1.2, 1.2), time(rng), time(rng), rng.randint(-10**9, 4 * 10**9), when, words(), words(),
        document(rng))]


COLUMNS = ("id BIGINT, s VARCHAR, p VARCHAR, d VARCHAR, i BIGINT, j BIGINT, f DOUBLE, g DOUBLE, t TIMESTAMP, "
           "u TIMESTAMP, e BIGINT, w VARCHAR, a VARCHAR[], b VARCHAR[], doc VARCHAR")


def plain(value):
    """A value in the form in which the two are compared."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def as_time(value):
    try:
        return plain(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")))
    except (ValueError, AttributeError):
        return value


def same(found, expected):
    if isinstance(expected, float) or isinstance(found, float):
        if found is None or expected is None or isinstance(found, bool) or isinstance(expected, bool):
            return found is expected
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found == expected or as_time(found) == expected


def ask(binary, parquet, expressions):
    names = ", ".join(f"e{n}" for n in range(len(expressions)))
    assigned = ", ".join(f"e{n} = {text}" for n, text in enumerate(expressions))
    query = f"config case_sensitive = true | dataset = rows | alter {assigned} | sort asc id | fields id, {names}"
    command = [binary, "query", "--format", "ndjson", "--data", f"rows={parquet}", "--file", "-"]
    run = subprocess.run(command, input=query, capture_output=True, text=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    if not rows:
        sys.exit(f"{query}\n{run.stderr}")
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atalanta", default="../target/release/atalanta")
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE rows ({COLUMNS})")
    generated = [row(rng, index) for index in range(options.rows)]
    marks = ", ".join("?" for _ in generated[0])
    connection.executemany(f"INSERT INTO rows VALUES ({marks})", generated)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "rows.parquet"
        connection.execute(f"COPY rows TO '{parquet}' (FORMAT parquet)")
        for start in range(0, len(PAIRS), 20):
            pairs = PAIRS[start:start + 20]
            found = ask(options.atalanta, parquet, [pair[0] for pair in pairs])
            for n, (xql, sql) in enumerate(pairs):
                wanted = connection.execute(f"SELECT {sql} FROM rows ORDER BY id").fetchall()
                differing = [index for index, (ours, (theirs,)) in enumerate(zip(found, wanted, strict=True))
                             if not same(ours.get(f"e{n}"), plain(theirs))]
                if differing:
                    failures += 1
                    index = differing[0]
                    print(f"{xql}  |  {sql}\n  differ in {len(differing)} rows, first {generated[index]}\n"
                          f"  XQL {found[index].get(f'e{n}')!r}, DuckDB {plain(wanted[index][0])!r}")
    print(f"{len(PAIRS) - failures} of {len(PAIRS)} expressions agree on {options.rows} rows")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
