# The classes that each kernel of a stored run answered with, by mutation and calls, as a
# table for docs/findings.md. Rows that are stable on every kernel are left out, and calls
# whose rows are the same stand together.
#   jq -rsf docs/classes.jq runs/ID/results.jsonl
def call: .probe | split("/")[1];
def mutation: .probe | split("/")[2];
def classes: map(.observation.class) | group_by(.) | map("\(length) \(.[0])") | join(", ");
map(select(.observation))
| (reduce .[].kernel as $k ([]; if index($k) then . else . + [$k] end)) as $kernels
| "| mutation | calls | \($kernels | join(" | ")) |", "|---|---|\("---|" * ($kernels | length))",
  (group_by([mutation, call])
   | map({mutation: (.[0] | mutation), call: (.[0] | call), row: (. as $cells | [$kernels[] as $k | $cells | map(select(.kernel == $k)) | classes])})
   | map(select([.row[] | test("^\\d+ stable$")] | all | not))
   | group_by([.mutation, .row])[]
   | "| \(.[0].mutation) | \(map(.call) | join(", ")) | \(.[0].row | join(" | ")) |")
