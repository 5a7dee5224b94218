//! What the reports of the program have in common.

/// The look of a page.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}
h1,h2,h3{line-height:1.2}table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
td.n,th.n{text-align:right}td.n{font-variant-numeric:tabular-nums;white-space:pre}.cols{display:grid;grid-template-columns:repeat(3,1fr);gap:1rem}
.cols li{margin:.4rem 0}small{color:#666;display:block}summary{color:#666}.wide td{white-space:nowrap}svg{max-width:100%;height:auto}tr.engine{font-weight:600}";

/// The head of a page, and its title.
pub(crate) fn begin(title: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Paceline: {0}</title><style>{STYLE}</style><h1>{0}</h1>",
        escape(title)
    )
}

/// A text as HTML shows it.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
