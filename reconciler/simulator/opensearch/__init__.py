"""The OpenSearch Notifications API, played by rules taken from the plugin's source and recordings of real nodes.

In reading order: `versions` (what changed when), `errors` (how failures look), `cursor`, `tokens` and `xcontent` (the
server's JSON parser), `rules`, `blocks` and `models` (a config, read and normalised), `store` (documents and the
refresh), `analysis`, `terms`, `querystring` and `search` (filters and sorting), `checks` and `configs` (create, read,
update, delete), `destinations` and `sending` (the test call), `parameters` and `routing` (the REST layer) and `api`,
the door. Nothing here knows aiohttp, and nothing here sends by itself.
"""
