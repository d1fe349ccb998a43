import type { common as english } from "@/i18n/en/common";

export const common: typeof english = {
  cancel: "取消",
  close: "关闭",
  copy: "复制",
  copied: "已复制",
  delete: "删除",
  save: "保存",
  saving: "正在保存…",
  tryAgain: "重试",
  loading: "正在加载…",
  showLess: "收起",
  showAllLines: (count) => `显示全部 ${count} 行`,
  noAnswer: "服务器没有响应。它在运行吗？",
  answered: (status, text) => `服务器返回 ${status} ${text}`.trim(),
  somethingWrong: "出了点问题。",
  demoModel: "演示模型",
  ownModel: "使用自己的模型",
  justNow: "刚刚",
  minutesAgo: (count) => `${count} 分钟前`,
  hoursAgo: (count) => `${count} 小时前`,
  daysAgo: (count) => `${count} 天前`,
};
