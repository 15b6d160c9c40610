/** Texts of the view "Translate": English, German, Chinese. */

export const translateTexts = {
  "view.translate": ["Translate", "Übersetzen", "翻译"],
  "view.translate.output": ["Translation", "Übersetzung", "译文"],
  "translate.nothing": [
    "The translation appears here as you type. Click a word of it to see what else could stand there.",
    "Die Übersetzung erscheint hier, während Sie schreiben. Klicken Sie auf eines ihrer Wörter, um zu sehen, was sonst dort stehen könnte.",
    "译文会随输入显示在这里。点击其中的词，可查看此处的其他候选。",
  ],
  "translate.options": ["Search options", "Suchoptionen", "搜索方式"],
  "translate.count": ["Translations", "Übersetzungen", "译文数量"],
  "translate.penalty": ["Length penalty", "Längenstrafe", "长度惩罚"],
  "translate.penalty.usual": ["default", "Standard", "默认"],
  "translate.sure": ["Show how sure each word is", "Zeigen, wie sicher jedes Wort ist", "显示每个词的置信度"],
  "translate.time": ["{count} ms", "{count} ms", "{count} 毫秒"],
  "translate.words": [
    "Words of the translation. Arrow keys move, Enter shows what else could stand there.",
    "Wörter der Übersetzung. Pfeiltasten bewegen, die Eingabetaste zeigt, was sonst dort stehen könnte.",
    "译文中的词。用方向键移动，按回车键查看此处的其他候选。",
  ],
  "translate.end": [
    "The end of the translation: see what could follow instead",
    "Das Ende der Übersetzung: zeigen, was stattdessen folgen könnte",
    "译文结尾：查看还可以接什么",
  ],
  "translate.probability": ["Probability {share}", "Wahrscheinlichkeit {share}", "概率 {share}"],
  "translate.forced": ["Chosen by you", "Von Ihnen gewählt", "由您选定"],
  "translate.begins": ["Begins with “{prefix}”", "Beginnt mit „{prefix}“", "以“{prefix}”开头"],
  "translate.release": [
    "Remove the beginning “{prefix}”",
    "Den Anfang „{prefix}“ entfernen",
    "取消指定的开头“{prefix}”",
  ],
  "translate.confidence": ["{share} sure", "zu {share} sicher", "置信度 {share}"],
  "translate.confidence.note": [
    "The probability that all of it is right, calibrated on validation data",
    "Die Wahrscheinlichkeit, dass alles stimmt, an Validierungsdaten kalibriert",
    "整句译文正确的概率，已用验证数据校准",
  ],
  "translate.limit": [
    "The translation reached the length limit. Its end may be missing.",
    "Die Übersetzung hat die Längengrenze erreicht. Ihr Ende kann fehlen.",
    "已达到长度上限，结尾可能缺失。",
  ],
  "translate.others": ["Further translations", "Weitere Übersetzungen", "其他译文"],
  "translate.score": [
    "Score: log-probability, divided by the length to the power of the penalty",
    "Wertung: Log-Wahrscheinlichkeit, geteilt durch die Länge hoch der Strafe",
    "得分：对数概率除以长度的惩罚次幂",
  ],
  "translate.unknown": ["Unknown to the model: {words}", "Dem Modell unbekannt: {words}", "模型不认识：{words}"],

  "alternatives.title": ["Instead of “{word}”", "Statt „{word}“", "替换“{word}”"],
  "alternatives.end": ["Instead of the end", "Statt des Endes", "不在此结束，改为"],
  "alternatives.note": [
    "Choose one to search again from there.",
    "Wählen Sie eines, um von dort aus neu zu suchen.",
    "选择一项，从此处重新搜索。",
  ],
  "alternatives.fixed": [
    "This token cannot be chosen: no text is split into it.",
    "Dieses Token lässt sich nicht wählen: Kein Text wird so zerlegt.",
    "此词元无法选择：没有文本会这样切分。",
  ],
};
