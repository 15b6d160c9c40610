/** Texts of heat maps, and names of scores: English, German, Chinese. */

export const heatTexts = {
  "heat.value": ["{row}, {column}: {value}", "{row}, {column}: {value}", "{row}，{column}：{value}"],
  "heat.table": ["The numbers as a table", "Die Zahlen als Tabelle", "以表格查看数值"],
  "score.exact": ["exact match", "exakt gleich", "完全匹配"],
};
