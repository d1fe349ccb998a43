//! The program that the demonstration writes, with its bug.

pub(crate) const PROGRAM: &str = r#"#!/bin/sh
# Prints a number from 1 to 9999 as a Roman numeral.
case $1 in
'' | *[!0-9]* | 0* | ?????*)
    echo "usage: roman.sh NUMBER" >&2
    exit 2
    ;;
esac
rest=$1
numeral=
for pair in 1000:M 900:CM 500:D 400:CD 100:C 90:XC 50:L 10:X 9:IX 5:V 4:IV 1:I; do
    value=${pair%%:*}
    while [ "$rest" -ge "$value" ]; do
        numeral=$numeral${pair#*:}
        rest=$((rest - value))
    done
done
echo "$numeral"
"#;

/// What is wrong in [`PROGRAM`]: the pair for 40 is missing.
pub(crate) const WRONG: &str = "90:XC 50:L 10:X";
pub(crate) const RIGHT: &str = "90:XC 50:L 40:XL 10:X";

pub(crate) const TESTS: &str = r#"#!/bin/sh
# Compares what roman.sh prints with known numerals.
cd "$(dirname "$0")" || exit 2
passed=0
failed=0

check() {
    actual=$(sh roman.sh "$1")
    if [ "$actual" = "$2" ]; then
        passed=$((passed + 1))
        echo "ok   $1 = $2"
    else
        failed=$((failed + 1))
        echo "FAIL $1: expected $2, got $actual"
    fi
}

check 1 I
check 4 IV
check 9 IX
check 42 XLII
check 90 XC
check 1994 MCMXCIV
check 2026 MMXXVI

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
"#;
