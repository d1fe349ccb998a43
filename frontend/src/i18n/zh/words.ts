import type { words as english } from "@/i18n/en/words";

export const words: typeof english = {
  explanations: {
    STATUS$ERROR_LLM_AUTHENTICATION: {
      title: "模型拒绝了 API 密钥",
      help: "请在设置中检查 API 密钥和模型名称，然后重新发送消息。",
    },
    STATUS$ERROR_LLM_SERVICE_UNAVAILABLE: {
      title: "无法连接到模型",
      help: "请检查设置中的基础 URL，以及服务商是否正常运行。内容不会丢失：发送“继续”即可重试。",
    },
    STATUS$ERROR_LLM_INTERNAL_SERVER_ERROR: {
      title: "模型服务商发生内部错误",
      help: "这通常是暂时的。稍后发送“继续”即可重试。",
    },
    STATUS$ERROR_LLM_OUT_OF_CREDITS: {
      title: "模型账户余额不足",
      help: "请在服务商处充值，或在设置中选择其他模型。",
    },
    STATUS$ERROR_LLM_CONTENT_POLICY_VIOLATION: {
      title: "服务商拒绝了内容",
      help: "该请求因内容政策被拦截。请换一种说法，或选择其他模型。",
    },
    CHAT_INTERFACE$AGENT_RATE_LIMITED_STOPPED_MESSAGE: {
      title: "模型请求过于频繁",
      help: "服务商因请求过多而一直拒绝。请等待一分钟，然后发送“继续”。",
    },
    STATUS$ERROR_RUNTIME_DISCONNECTED: {
      title: "工作区停止响应",
      help: "发送一条消息即可重新启动。工作区中的文件会保留。",
    },
    STATUS$GIT_PROVIDER_AUTHENTICATION_ERROR: {
      title: "Git 服务拒绝了令牌",
      help: "请检查令牌是否有效，以及是否有权读取该仓库。",
    },
    STATUS$ERROR_MEMORY: {
      title: "无法读取工作区的说明",
      help: "请检查仓库中的 .openhands 文件夹，然后重新发送消息。",
    },
    STATUS$ERROR: {
      title: "出了点问题",
      help: "发送“继续”即可重试。详细信息见服务器日志。",
    },
    AGENT_ERROR$TOO_MANY_CONVERSATIONS: {
      title: "同时打开的会话过多",
      help: "此会话已被关闭以腾出位置。请先停止另一个会话，再恢复此会话。",
    },
    AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED: {
      title: "未执行",
      help: "智能体在此之前已停止。",
    },
    AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_ERROR: {
      title: "未执行",
      help: "智能体或其工作区在此之前已出错。",
    },
    stepLimit: {
      title: "已达到步骤上限",
      help: "发送“继续”可再运行同样多的步骤，也可以在设置中提高上限。",
    },
    costLimit: {
      title: "已达到费用上限",
      help: "发送“继续”可再使用同样的金额。",
    },
    loop: {
      title: "智能体陷入了循环",
      help: "它一直重复相同的步骤而没有进展，因此已停止。请告诉它该如何调整做法。",
    },
    unknown: {
      title: "出了点问题",
      help: "发送“继续”即可重试。",
    },
  },
  states: {
    loading: "准备中",
    running: "工作中",
    awaiting_user_input: "等待你的回复",
    paused: "已暂停",
    stopped: "已停止",
    finished: "已完成",
    rejected: "已谢绝",
    error: "已失败",
    awaiting_user_confirmation: "需要你的批准",
    user_confirmed: "已批准",
    user_rejected: "已拒绝",
    rate_limited: "等待模型",
  },
  statuses: {
    STATUS$STOPPED: "已停止",
    STATUS$BUILDING_RUNTIME: "正在准备工作区",
    STATUS$STARTING_RUNTIME: "正在启动工作区",
    STATUS$RUNTIME_STARTED: "工作区已启动",
    STATUS$SETTING_UP_WORKSPACE: "正在设置工作区",
    STATUS$SETTING_UP_GIT_HOOKS: "正在设置 Git 钩子",
    STATUS$READY: "就绪",
    STATUS$LLM_RETRY: "模型没有响应，正在重试",
  },
};
