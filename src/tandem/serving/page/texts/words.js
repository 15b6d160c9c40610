/** Texts of the view "Words": English, German, Chinese. */

export const wordsTexts = {
  "view.words": ["Words", "Wörter", "词对应"],
  "words.lead": [
    "Which word of the source moved which word of the translation, told in three ways that may disagree. Point at a word of the translation to see where it comes from.",
    "Welches Wort der Quelle welches Wort der Übersetzung bewegt hat, auf drei Arten erzählt, die sich widersprechen können. Zeigen Sie auf ein Wort der Übersetzung, um zu sehen, woher es kommt.",
    "用三种方法说明原文的哪个词影响了译文的哪个词，结果可能不一致。将指针移到译文的某个词上，查看它的来源。",
  ],
  "words.nothing": [
    "Type a sentence to see where the words of its translation come from.",
    "Geben Sie einen Satz ein, um zu sehen, woher die Wörter seiner Übersetzung kommen.",
    "输入一句话，即可查看译文各词的来源。",
  ],
  "words.target": ["Translation", "Übersetzung", "译文"],
  "words.target.note": [
    "Change it to ask about another output.",
    "Ändern Sie sie, um nach einer anderen Ausgabe zu fragen.",
    "修改译文，即可查看其他输出的情况。",
  ],
  "words.back": ["Back to the model's own", "Zurück zu der des Modells", "恢复模型译文"],
  "words.options": ["What is shown", "Was gezeigt wird", "显示内容"],
  "words.show": ["Method", "Verfahren", "方法"],
  "words.as": ["Form", "Form", "形式"],
  "words.as.matrix": ["Matrix", "Matrix", "矩阵"],
  "words.as.lines": ["Lines", "Linien", "连线"],
  "words.all": ["Side by side", "Nebeneinander", "并排"],
  "words.gradient": ["Gradient", "Gradient", "梯度"],
  "words.left_out": ["Leaving out", "Weglassen", "删词法"],
  "words.attention": ["Attention", "Aufmerksamkeit", "注意力"],
  "words.gradient.note": [
    "The gradient of the word's log-probability times the source word's embedding, in nats. Below zero it speaks against the word.",
    "Der Gradient der Log-Wahrscheinlichkeit des Wortes mal das Embedding des Quellworts, in Nats. Unter null spricht es gegen das Wort.",
    "该词对数概率的梯度乘以原文词的嵌入，单位为奈特。小于零表示不利于该词。",
  ],
  "words.left_out.note": [
    "How far the word's log-probability falls when the source word is left out, in nats. Below zero the word gets likelier.",
    "Wie weit die Log-Wahrscheinlichkeit des Wortes fällt, wenn das Quellwort fehlt, in Nats. Unter null wird das Wort wahrscheinlicher.",
    "删去原文词后，该词对数概率下降的幅度，单位为奈特。小于零表示该词反而更可能出现。",
  ],
  "words.attention.note": [
    "The share of its attention that the model gave to the source word as it wrote the word.",
    "Der Anteil der Aufmerksamkeit, den das Modell dem Quellwort gab, als es das Wort schrieb.",
    "模型写出该词时分配给原文词的注意力比例。",
  ],
  "words.missing": ["This is not there.", "Das gibt es hier nicht.", "此项不可用。"],
  "words.keys": [
    "Arrow keys go from word to word.",
    "Die Pfeiltasten gehen von Wort zu Wort.",
    "用方向键在词之间移动。",
  ],
  "words.hint": [
    "Point at a word of the translation.",
    "Zeigen Sie auf ein Wort der Übersetzung.",
    "请将指针移到译文的某个词上。",
  ],
  "words.most": [
    "“{word}”: most of all from “{source}” ({value}).",
    "„{word}“: am meisten von „{source}“ ({value}).",
    "“{word}”：主要来自“{source}”（{value}）。",
  ],
  "words.none": [
    "“{word}”: no word of the source speaks for it.",
    "„{word}“: Kein Wort der Quelle spricht dafür.",
    "“{word}”：没有原文词支持它。",
  ],
};
