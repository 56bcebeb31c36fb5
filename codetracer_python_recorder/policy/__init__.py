"""The policy: what to record, found, merged and explained.

Owns: nothing itself. `schema` defines the keys, `layer` is what a source says of them, `positions` finds their lines,
`mistakes` holds them against the schema, `load` turns a source into a layer, `project` finds the one of the program,
`resolve` turns the layers into the policy in force; `show`, `explain`, `check`, `init` and `json_schema` answer what
users ask. Must not: compile a pattern; the native module does.
"""
