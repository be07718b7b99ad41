-- Shows what the language server does, without a person: a diagnostic, the change that
-- its help offers, a hover and a rename, in a copy of a shipped space.
--
--   nvim --headless -u NONE -S docs/editors/neovim_demo.lua
--
-- ENASC names the executable, if `enasc` is not on the path. Exit code 1: something did
-- not come.

vim.g.enasc = vim.env.ENASC
vim.cmd("source docs/editors/neovim.lua")

local function say(text)
  io.stdout:write(text, "\n")
end

local function quit(why)
  if why then
    say("failed: " .. why)
    vim.cmd("cquit 1")
  end
  vim.cmd("qall!")
end

local function wait_for(what, condition)
  if not vim.wait(10000, condition, 20) then
    quit(what .. " did not come")
  end
end

local folder = vim.fn.tempname()
vim.fn.mkdir(folder, "p")
local file = folder .. "/tiny.enas"
local lines = vim.fn.readfile("spaces/tiny.enas")
vim.fn.writefile(lines, file)
vim.cmd("edit " .. file)

local buffer = vim.api.nvim_get_current_buf()
wait_for("the server", function()
  return not vim.tbl_isempty(vim.lsp.buf_get_clients(buffer))
end)

local function ask(method, params)
  local answers, why = vim.lsp.buf_request_sync(buffer, method, params, 10000)
  for _, answer in pairs(answers or {}) do
    if answer.error then
      quit(method .. ": " .. answer.error.message)
    end
    if answer.result then
      return answer.result
    end
  end
  quit(method .. ": " .. (why or "no answer"))
end

-- Puts the cursor on the first place of a word behind another, and says where that is.
local function at(line, word)
  local row = vim.fn.search("\\V" .. line, "w")
  local column = vim.fn.getline(row):find(word, 1, true)
  vim.api.nvim_win_set_cursor(0, { row, column - 1 })
  return vim.lsp.util.make_position_params(0, "utf-16")
end

local function said()
  return vim.diagnostic.get(buffer)
end

say("-- a misspelt name is told, and repaired")
vim.cmd([[%s/max_pool/max_pol/]])
wait_for("a diagnostic", function()
  return #said() == 1
end)
local found = said()[1]
say(("line %d: %s: %s"):format(found.lnum + 1, found.code, found.message))
local params = vim.tbl_extend("force", at("max_pol", "max_pol"), { context = { diagnostics = {} } })
params.range = { start = params.position, ["end"] = params.position }
local action = ask("textDocument/codeAction", params)[1]
say("offered: " .. action.title)
vim.lsp.util.apply_workspace_edit(action.edit, "utf-16")
wait_for("the end of the diagnostic", function()
  return #said() == 0
end)

say("\n-- a hover")
say(ask("textDocument/hover", at("nodes h = ", "conv_bn")).contents.value)
say("")
say(ask("textDocument/hover", at("space tiny", "tiny")).contents.value)

say("\n-- a rename of `h`")
params = vim.tbl_extend("force", at("nodes h = ", "h ="), { newName = "layer" })
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", params), "utf-16")
for _, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
  if line:find("layer[%[ )]") then
    say(line)
  end
end
wait_for("a text without mistakes", function()
  return #said() == 0
end)
quit()
