"""The policy: what to record, found, merged and explained.

Owns: nothing itself. `schema` defines the keys, `positions` finds their lines, `load` turns a source into a layer,
`resolve` turns the layers into the policy in force. Must not: compile a pattern; the native module does.
"""
