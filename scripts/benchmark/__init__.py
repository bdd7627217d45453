"""Measures the service against its budgets and writes docs/benchmarks.md.

- `program`: runs `logtriage bench` and reads its reports
- `limits`: a service under limits of processor and memory, as far as this machine allows
- `table`: which cells are measured, how often, and what came out
- `stages`: the figures of the criterion benches
- `machine`: what it was measured on
- `budgets`: what was promised, and whether it holds
- `render`: results to Markdown
- `quantise`: what rounding the models' numbers would give and cost
"""
