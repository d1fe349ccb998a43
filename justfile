# Short names for what is done often. `just` lists them.

_list:
    @just --list

# Everything that continuous integration checks, without a browser
check:
    ./test.sh --quick

# Everything that continuous integration checks
test:
    ./test.sh

# Build and start everything
run:
    ./start_openhands.sh

# The same with hot reload of the web interface
dev:
    ./start_openhands.sh --dev

# Format the Rust code
fmt:
    cargo fmt --all

# Write the TypeScript types of the wire
types:
    cargo xtask types

# Layers, sizes, names
tidy:
    cargo xtask tidy

# Measure against the budgets
bench *arguments:
    cargo run --release -p oh-bench -- {{arguments}}

# Licenses, advisories and banned crates; needs cargo-deny
deny:
    cargo deny check
