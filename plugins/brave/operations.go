package main

// table is Brave's Search API: class, name, method, path. Searching is read,
// answering with a model is write.
const table = `
read  web.search GET /res/v1/web/search
read  web.search POST /res/v1/web/search
read  web.rich GET /res/v1/web/rich
read  images.search GET /res/v1/images/search
read  videos.search GET /res/v1/videos/search
read  news.search GET /res/v1/news/search
read  news.search POST /res/v1/news/search
read  suggest.search GET /res/v1/suggest/search
read  spellcheck.search GET /res/v1/spellcheck/search
read  local.place_search GET /res/v1/local/place_search
read  local.pois GET /res/v1/local/pois
read  local.descriptions GET /res/v1/local/descriptions
read  llm.context GET /res/v1/llm/context
read  llm.context POST /res/v1/llm/context
read  summarizer.search GET /res/v1/summarizer/search
read  summarizer.summary GET /res/v1/summarizer/summary
read  summarizer.summary_streaming GET /res/v1/summarizer/summary_streaming
read  summarizer.title GET /res/v1/summarizer/title
read  summarizer.enrichments GET /res/v1/summarizer/enrichments
read  summarizer.followups GET /res/v1/summarizer/followups
read  summarizer.entity_info GET /res/v1/summarizer/entity_info
write chat.completions.create POST /res/v1/chat/completions
`
