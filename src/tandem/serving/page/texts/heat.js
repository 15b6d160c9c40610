/** Texts of heat maps: English, German, Chinese. */

export const heatTexts = {
  "heat.value": ["{row}, {column}: {value}", "{row}, {column}: {value}", "{row}，{column}：{value}"],
  "heat.table": ["The numbers as a table", "Die Zahlen als Tabelle", "以表格查看数值"],
};
