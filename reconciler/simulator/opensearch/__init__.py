"""The OpenSearch Notifications API, played by rules taken from the plugin's source and recordings of real nodes.

In reading order: `versions` (what changed when), `errors` (how failures look), `xcontent` (the server's JSON parser),
`rules` and `models` (a config, checked and normalised), `store` (documents and the refresh), `analysis`,
`querystring` and `search` (filters and sorting), `configs` (create, read, update, delete), `sending` (the test call),
`parameters` and `routing` (the REST layer) and `api`, the door. Nothing here knows aiohttp or sends anything itself.
"""
