"""The OpenSearch Notifications API, played by rules taken from the plugin's source and recordings of real nodes.

In reading order: `versions` (what changed when), `errors` (how failures look), `cursor`, `tokens` and `xcontent` (the
server's JSON parser), `rules`, `blocks` and `models` (a config, read and normalised), `store` (documents and the
refresh), `analysis`, `querystring` and `search` (filters and sorting), `checks` and `configs` (create, read,
update, delete), `destinations`, `posting` and `sending` (the test call), `parameters`, `routing` and `request` (the
REST layer), the plugins (`notifications`, the packages `alerting` and `security`, and the server's own routes in
`cluster`, with `settings`), `api`, where calls come in, `node`, all of it put together, and `switches`, its pages under
`/_simulator/`. Nothing here knows aiohttp, and nothing here sends by itself.
"""
