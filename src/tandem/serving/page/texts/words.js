/** Texts of the view "Words": English, German, Chinese. */

export const wordsTexts = {
  "view.words": ["Words", "Wörter", "词对应"],
  "words.lead": [
    "Which word of the source influenced which word of the translation, measured in three ways that may disagree. Point at a word of the translation to see where it comes from.",
    "Welches Wort des Ausgangstexts welches Wort der Übersetzung beeinflusst hat, auf drei Arten gemessen, die sich widersprechen können. Zeigen Sie auf ein Wort der Übersetzung, um zu sehen, woher es kommt.",
    "用三种方法衡量原文的哪个词影响了译文的哪个词，结果可能不一致。将指针移到译文的某个词上，查看它的来源。",
  ],
  "words.nothing": [
    "Type a sentence to see where the words of its translation come from.",
    "Geben Sie einen Satz ein, um zu sehen, woher die Wörter seiner Übersetzung kommen.",
    "输入一句话，即可查看译文各词的来源。",
  ],
  "words.target": ["Translation", "Übersetzung", "译文"],
  "words.target.note": [
    "Change it to ask about another output.",
    "Ändern Sie sie, um eine andere Ausgabe zu untersuchen.",
    "修改译文，即可查看其他输出的情况。",
  ],
  "words.back": ["Back to the model's own", "Zurück zur Übersetzung des Modells", "恢复模型译文"],
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
    "The gradient of the word's log-probability times the source word's embedding, in nats. A value below zero speaks against the word.",
    "Der Gradient der Log-Wahrscheinlichkeit des Wortes mal das Embedding des Quellworts, in Nats. Werte unter null sprechen gegen das Wort.",
    "该词对数概率的梯度乘以原文词的嵌入，单位为奈特。小于零表示不利于该词。",
  ],
  "words.left_out.note": [
    "How far the word's log-probability falls when the source word is left out, in nats. A value below zero means that the word becomes more probable.",
    "Wie weit die Log-Wahrscheinlichkeit des Wortes fällt, wenn das Quellwort fehlt, in Nats. Bei Werten unter null wird das Wort wahrscheinlicher.",
    "删去原文词后，该词对数概率下降的幅度，单位为奈特。小于零表示该词反而更可能出现。",
  ],
  "words.attention.note": [
    "The share of the model's attention that the source word had when the word was written.",
    "Der Anteil der Aufmerksamkeit, den das Modell dem Quellwort gab, als es das Wort schrieb.",
    "模型写出该词时分配给原文词的注意力比例。",
  ],
  "words.missing.gradient": [
    "An export has no gradient. Serve the run or the checkpoint that it was made from to see it.",
    "Ein Export hat keinen Gradienten. Um ihn zu sehen, starten Sie den Server mit dem Training oder dem Checkpoint, aus dem der Export stammt.",
    "导出的模型没有梯度。如需查看，请用导出前的训练或检查点启动服务器。",
  ],
  "words.missing.attention": [
    "This model has no attention. To see it, train a model with --set model.attention=gnmt.",
    "Dieses Modell hat keine Aufmerksamkeit. Um sie zu sehen, trainieren Sie ein Modell mit --set model.attention=gnmt.",
    "该模型没有注意力机制。如需查看，请用 --set model.attention=gnmt 训练一个模型。",
  ],
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
    "“{word}” comes mostly from “{source}” ({value}).",
    "„{word}“ kommt vor allem von „{source}“ ({value}).",
    "“{word}”：主要来自“{source}”（{value}）。",
  ],
  "words.none": [
    "“{word}” comes from no word of the source.",
    "„{word}“ kommt von keinem Wort des Ausgangstexts.",
    "“{word}”：并非来自任何原文词。",
  ],
};
