"""The security plugin: who is calling, what they may do, and what role filtering hides from them.

In reading order: `roles` (permissions and the roles that ship with the plugin), `caller` (one caller, and what a call
may see), `people` (users, roles and their mapping, read from a document or changed by the plugin's REST API),
`lockout` (too many failed logins), `authentication` (from a call to a caller, or a refusal) and `plugin` (its REST
API). Facts: recordings of 3.6.0 with the plugin.
"""
