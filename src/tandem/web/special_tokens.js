/** The ids and the texts that every vocabulary begins with: `text/pipeline.py`. */

export const UNK_ID = 0;
export const PAD_ID = 1;
export const SOS_ID = 2;
export const EOS_ID = 3;
export const SPECIAL_TOKENS = ["<unk>", "<pad>", "<sos>", "<eos>"];

/** The space before a piece of a text. */
export const MARK = "▁";
