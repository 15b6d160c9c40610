/** Texts of the frame around the views, and of parts that several views share: English, German, Chinese. */

export const shellTexts = {
  "shell.skip": ["Skip to the content", "Zum Inhalt springen", "跳到正文"],
  "shell.views": ["Views", "Ansichten", "视图"],
  "shell.language": ["Language", "Sprache", "语言"],
  "shell.theme": ["Colours", "Farben", "配色"],
  "shell.theme.auto": ["Auto", "Auto", "自动"],
  "shell.theme.light": ["Light", "Hell", "浅色"],
  "shell.theme.dark": ["Dark", "Dunkel", "深色"],
  "shell.version": ["Tandem {version}", "Tandem {version}", "Tandem {version}"],
  "shell.loading": ["Loading …", "Wird geladen …", "加载中…"],
  "shell.nothing": [
    "The server has neither a model nor a run to show yet.",
    "Der Server hat noch weder ein Modell noch ein Training zu zeigen.",
    "服务器目前既没有模型，也没有可显示的训练。",
  ],
  "shell.no_model": [
    "There is no model yet. A run has one after its first validation, and this view then appears by itself.",
    "Es gibt noch kein Modell. Ein Training hat eines nach seiner ersten Validierung; diese Ansicht erscheint dann von selbst.",
    "目前还没有模型。训练完成首次验证后会产生模型，届时此视图会自动显示。",
  ],
  "shell.no_run": [
    "This server shows no runs. Start it with a run's directory to see its training.",
    "Dieser Server zeigt keine Trainings. Starten Sie ihn mit dem Verzeichnis eines Trainings, um es zu sehen.",
    "该服务器没有可显示的训练。请用训练目录启动服务器。",
  ],
  "shell.no_view": [
    "There is no view “{name}” here.",
    "Eine Ansicht „{name}“ gibt es hier nicht.",
    "这里没有名为“{name}”的视图。",
  ],

  "token.title": ["The server asks for a token", "Der Server verlangt ein Token", "服务器要求提供令牌"],
  "token.label": ["Token", "Token", "令牌"],
  "token.note": [
    "It is kept in this tab only, until you close it.",
    "Es bleibt nur in diesem Tab, bis Sie ihn schließen.",
    "令牌只保存在此标签页中，关闭后即清除。",
  ],
  "token.refused": [
    "The server did not accept that token.",
    "Der Server hat dieses Token nicht angenommen.",
    "服务器不接受该令牌。",
  ],
  "token.use": ["Continue", "Weiter", "继续"],
  "token.cancel": ["Cancel", "Abbrechen", "取消"],
  "token.forget": ["Forget the token", "Token vergessen", "清除令牌"],

  "error.unreachable": [
    "The server cannot be reached. Is it still running?",
    "Der Server ist nicht erreichbar. Läuft er noch?",
    "无法连接服务器。它还在运行吗？",
  ],
  "error.not_json": [
    "The server's answer could not be read (status {status}).",
    "Die Antwort des Servers war nicht lesbar (Status {status}).",
    "无法解析服务器的响应（状态码 {status}）。",
  ],
  "error.token": ["The server asks for a token.", "Der Server verlangt ein Token.", "服务器要求提供令牌。"],
  "error.missing": [
    "This server does not have this function. It may be of another version than this page.",
    "Dieser Server hat diese Funktion nicht. Vielleicht hat er eine andere Version als diese Seite.",
    "该服务器没有此功能，其版本可能与本页面不同。",
  ],
  "error.busy": [
    "The server is busy. Try again in a moment.",
    "Der Server ist ausgelastet. Versuchen Sie es gleich noch einmal.",
    "服务器繁忙，请稍后再试。",
  ],
  "error.server": ["The server says: {message}", "Der Server meldet: {message}", "服务器返回：{message}"],
  "error.unknown": [
    "The server refused this (status {status}).",
    "Der Server hat das abgelehnt (Status {status}).",
    "服务器拒绝了该请求（状态码 {status}）。",
  ],
  "error.page": [
    "An error occurred in this page: {message}",
    "Auf dieser Seite ist ein Fehler aufgetreten: {message}",
    "页面出错：{message}",
  ],
  "error.again": ["Try again", "Noch einmal versuchen", "重试"],

  "part.source": ["Source text", "Ausgangstext", "原文"],
  "part.source.placeholder": ["Type a sentence …", "Einen Satz eingeben …", "请输入一句话…"],
  "part.line": ["Line", "Zeile", "行"],
  "part.model": ["Model", "Modell", "模型"],
  "part.beam": ["Beam", "Beam-Breite", "束宽"],
  "part.beam.greedy": ["1 (greedy)", "1 (greedy)", "1（贪心）"],
  "part.picture": ["Picture", "Bild", "图片"],
  "part.table": ["Table", "Tabelle", "表格"],
  "part.save": ["Save", "Speichern", "保存"],
  "part.save.svg": ["Save as SVG", "Als SVG speichern", "保存为 SVG"],
  "part.save.png": ["Save as PNG", "Als PNG speichern", "保存为 PNG"],
  "part.save.csv": ["Save as CSV", "Als CSV speichern", "保存为 CSV"],
  "part.working": ["Working …", "Wird berechnet …", "计算中…"],
  "part.end": ["end", "Ende", "结束"],
};
