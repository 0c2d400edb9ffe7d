# PowerShell completion for aeforge, written by: aeforge completion powershell
# It starts no process.

$script:AeforgeCommands = @{
    '' = @{
        Commands = [ordered]@{
            'inpaint' = 'Edit part of a picture as a prompt says.'
            'upscale' = 'Make a picture larger.'
            'split-layer' = 'Separate one element of a picture into a layer of its own.'
            'generate' = 'Make a picture from a prompt.'
            'effect' = 'Make a visual effect.'
            'api' = 'Make any call to the service, and print the body of its answer as it came.'
            'sandbox' = 'Serve the AetherForge API on this machine, without a key of yours and at no cost.'
            'doctor' = 'Check that everything is set up, and say what to do where it is not.'
            'completion' = 'Print the script that completes aeforge in a shell.'
            'help' = 'Show the help of a command, or explain a topic.'
            'sprite' = 'Animate pictures, give sprites another look, put characters over them.'
            'job' = 'Check jobs, wait for them, list them.'
            'auth' = 'Sign in, sign out, and see which key is used.'
            'config' = 'See and change the settings, and where each comes from.'
        }
        Options = [ordered]@{
            '--version' = @('Print the version.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'inpaint' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('Read paths of pictures, one a line.', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-p' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--prompt' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '-q' = @('How much work the service puts in.', 'words standard pro')
            '--quality' = @('How much work the service puts in.', 'words standard pro')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'upscale' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('Read paths of pictures, one a line.', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--scale' = @('The long side becomes 1024, 2048 or 4096 pixels.', 'words 1K 2K 4K')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'split-layer' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('Read paths of pictures, one a line.', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-k' = @('The element to separate, for example: arm; @FILE reads it from a file. In a manifest: prompt.', 'text')
            '--keyword' = @('The element to separate, for example: arm; @FILE reads it from a file. In a manifest: prompt.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'generate' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--model' = @('One of gpt-image-1.5, gpt-image-2, grok-imagine, grok-imagine-pro, nano-banana, nano-banana-2, nano-banana-pro.', 'words gpt-image-1.5 gpt-image-2 grok-imagine grok-imagine-pro nano-banana nano-banana-2 nano-banana-pro')
            '-p' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--prompt' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--ref' = @('A picture to go by; repeatable: up to 5 for grok-imagine, 1 for grok-imagine-pro, 10 for others.', 'file')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'effect' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-p' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--prompt' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--image' = @('A picture to go by: a path, an address, or -.', 'file')
            '--resolution' = @('The result''s long side: 1024, 2048 or 4096 pixels (version 1).', 'words 1K 2K 4K')
            '--frames' = @('How many (version 2).', 'words 4 9 16')
            '-q' = @('How much work the service puts in (version 2).', 'words standard pro')
            '--quality' = @('How much work the service puts in (version 2).', 'words standard pro')
            '--api-version' = @('Which form of the service''s operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'api' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-F' = @('A field of a POST''s form: text, or a picture (@- from standard input); repeatable.', 'text')
            '--field' = @('A field of a POST''s form: text, or a picture (@- from standard input); repeatable.', 'text')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--new' = @('Send it even if the same request is not finished.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words GET POST', 'text')
        Repeats = $false
    }
    'sandbox' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--port' = @('Port to listen on; 0 for a free one.', 'text')
            '--host' = @('Loopback address to listen on.', 'text')
            '--key' = @('Key to accept, of your own invention; repeatable.', 'text')
            '--state' = @('Keep jobs in this folder.', 'folder')
            '--engine' = @('Engine that edits: local, or one from an installed package.', 'text')
            '--delay' = @('Seconds that a job stays Pending, at least.', 'text')
            '--latency' = @('Seconds added to each answer.', 'text')
            '--fail-jobs' = @('Share of jobs that fail.', 'text')
            '--status' = @('Answer so, with nothing done, e.g. 503:0.1; repeatable.', 'text')
            '--retry-after' = @('Seconds that a 429 or 503 of --status asks to wait.', 'text')
            '--drop' = @('Share of connections closed unanswered.', 'text')
            '--lose-answer' = @('Share of jobs made whose answer is lost.', 'text')
            '--seed' = @('Seed for the injected faults.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'doctor' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--offline' = @('Do not contact the service.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'completion' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words bash zsh fish powershell')
        Repeats = $false
    }
    'help' = @{
        Commands = [ordered]@{
            'inpaint' = 'Edit part of a picture as a prompt says.'
            'upscale' = 'Make a picture larger.'
            'split-layer' = 'Separate one element of a picture into a layer of its own.'
            'generate' = 'Make a picture from a prompt.'
            'effect' = 'Make a visual effect.'
            'api' = 'Make any call to the service, and print the body of its answer as it came.'
            'sandbox' = 'Serve the AetherForge API on this machine, without a key of yours and at no cost.'
            'doctor' = 'Check that everything is set up, and say what to do where it is not.'
            'completion' = 'Print the script that completes aeforge in a shell.'
            'help' = 'Show the help of a command, or explain a topic.'
            'sprite' = 'Animate pictures, give sprites another look, put characters over them.'
            'job' = 'Check jobs, wait for them, list them.'
            'auth' = 'Sign in, sign out, and see which key is used.'
            'config' = 'See and change the settings, and where each comes from.'
            'exit-codes' = 'What each exit code means.'
            'errors' = 'The stable words for what can go wrong.'
            'environment' = 'The variables that are read, and the files that are kept.'
            'scripting' = 'How to call aeforge from scripts and pipelines.'
        }
        Options = [ordered]@{
            '--json' = @('Print the commands, exit codes and error words as one JSON object.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'help inpaint' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help upscale' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help split-layer' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help generate' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help effect' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help api' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sandbox' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help doctor' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help completion' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help help' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite' = @{
        Commands = [ordered]@{
            'make' = 'Animate a picture as a prompt says: frames, and a GIF of them.'
            'reskin' = 'Give a sprite another look.'
            'overlay' = 'Put characters over the rows of a sprite sheet.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite make' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite reskin' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help sprite overlay' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job' = @{
        Commands = [ordered]@{
            'status' = 'Check jobs once, without waiting.'
            'wait' = 'Wait for jobs, and save what they made with -o.'
            'list' = 'List the jobs submitted from this machine, the newest first.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job wait' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help job list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth' = @{
        Commands = [ordered]@{
            'login' = 'Store an API key, in the profile that is named; a new profile is made.'
            'status' = 'Show which key is used, where it comes from, and whether the service accepts it.'
            'logout' = 'Remove the stored API key from the config file, and from the system''s keyring.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth login' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help auth logout' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config' = @{
        Commands = [ordered]@{
            'list' = 'Show every setting, its value, and where it comes from.'
            'get' = 'Print one setting''s value.'
            'set' = 'Store a setting in the profile, or choose the profile that is used without --profile.'
            'unset' = 'Remove a setting from the profile, so that the default is used again.'
            'path' = 'Print the path of the config file, whether it exists or not.'
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config get' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config set' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config unset' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help config path' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help exit-codes' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help errors' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help environment' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'help scripting' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
        }
        Arguments = @()
        Repeats = $false
    }
    'sprite' = @{
        Commands = [ordered]@{
            'make' = 'Animate a picture as a prompt says: frames, and a GIF of them.'
            'reskin' = 'Give a sprite another look.'
            'overlay' = 'Put characters over the rows of a sprite sheet.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'sprite make' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('Read paths of pictures, one a line.', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-p' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--prompt' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--to' = @('The picture that the animation ends with (version 2).', 'file')
            '--frames' = @('How many: 25, 36, 49, 64, 81, 100, 121, 144, 169; in version 2: 49, 81, 121.', 'text')
            '--pixel' = @('Draw it as pixel art.', '')
            '--no-pixel' = @('Draw it as pixel art.', '')
            '--api-version' = @('Which form of the service''s operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'sprite reskin' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--from' = @('Read paths of pictures, one a line.', 'file')
            '--recursive' = @('Search subfolders.', '')
            '--manifest' = @('Read jobs, one a line: JSON Lines or CSV.', 'file')
            '-j' = @('Jobs in flight at once.', 'text')
            '--jobs' = @('Jobs in flight at once.', 'text')
            '--resume' = @('Skip finished jobs and resume unfinished ones.', '')
            '--update' = @('As --resume, and remake what was made of something else.', '')
            '--fail-fast' = @('Stop submitting after the first failure.', '')
            '--max-jobs' = @('Refuse to buy more.', 'text')
            '--yes' = @('Buy more than 50 jobs without asking.', '')
            '--shard' = @('Take only the K-th of N equal shares.', 'text')
            '--share' = @('Leave on other machines what they have made.', '')
            '--report' = @('Write a page: before, after, times, failures.', 'file')
            '--record' = @('Keep a line for each saved file.', 'file')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-p' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--prompt' = @('What should be where. @FILE reads it from a file, @- from stdin.', 'text')
            '--style' = @('How it is drawn.', 'words pixel cartoon sd quarter-view')
            '--resolution' = @('The result''s long side: 1024, 2048 or 4096 pixels (version 1).', 'words 1K 2K 4K')
            '-q' = @('How much work the service puts in (version 2).', 'words standard pro')
            '--quality' = @('How much work the service puts in (version 2).', 'words standard pro')
            '--api-version' = @('Which form of the service''s operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file')
        Repeats = $true
    }
    'sprite overlay' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--rows' = @('What each row of the sheet shows: [{"row": 0, "title": "walk", "description": "walks right"}, ...].', 'text')
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--no-wait' = @('Wait for the result, or print the job''s id at once.', '')
            '--dry-run' = @('Check everything, print the request as JSON, send nothing.', '')
            '--new' = @('Buy another job, even if the same work is not finished.', '')
            '--budget' = @('Spend no more than this; the smallest limit wins.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--style' = @('How it is drawn.', 'words pixel cartoon sd quarter-view')
            '--resolution' = @('The result''s long side: 1024, 2048 or 4096 pixels (version 1).', 'words 1K 2K 4K')
            '-q' = @('How much work the service puts in (version 2).', 'words standard pro')
            '--quality' = @('How much work the service puts in (version 2).', 'words standard pro')
            '--api-version' = @('Which form of the service''s operation.', 'words 1 2')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('file', 'file')
        Repeats = $true
    }
    'job' = @{
        Commands = [ordered]@{
            'status' = 'Check jobs once, without waiting.'
            'wait' = 'Wait for jobs, and save what they made with -o.'
            'list' = 'List the jobs submitted from this machine, the newest first.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'job status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('job')
        Repeats = $true
    }
    'job wait' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '-o' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--output' = @('Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.', 'file')
            '--overwrite' = @('Replace an output that exists.', '')
            '--skip-existing' = @('Do nothing where the output exists.', '')
            '--open' = @('Show the saved result in the system''s viewer.', '')
            '--preview' = @('Draw before and after in the terminal, where it can show pictures.', '')
            '--github-output' = @('Give job_id, files and image_urls to the step''s outputs.', '')
            '--timeout' = @('How long to wait: 90, 90s, 10m, 1h; 0 without limit.', 'text')
            '--poll-interval' = @('Look this often; otherwise as the service advises.', 'text')
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('job')
        Repeats = $true
    }
    'job list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--pending' = @('Only jobs whose end is not known.', '')
            '--failed' = @('Only jobs that failed.', '')
            '--search' = @('Only those that mention it.', 'text')
            '--limit' = @('At most so many.', 'text')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth' = @{
        Commands = [ordered]@{
            'login' = 'Store an API key, in the profile that is named; a new profile is made.'
            'status' = 'Show which key is used, where it comes from, and whether the service accepts it.'
            'logout' = 'Remove the stored API key from the config file, and from the system''s keyring.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth login' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--with-token' = @('Read the key from standard input.', '')
            '--verify' = @('Check the key with the service first.', '')
            '--no-verify' = @('Check the key with the service first.', '')
            '--keyring' = @('Store the key in the system''s keyring (aeforge[keyring]).', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth status' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--offline' = @('Do not ask the service.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'auth logout' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--profile' = @('Use this account''s settings.', 'profile')
            '--base-url' = @('Ask another service with the same API.', 'text')
            '--sandbox' = @('Ask a stand-in on this machine: no key, no cost.', '')
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'config' = @{
        Commands = [ordered]@{
            'list' = 'Show every setting, its value, and where it comes from.'
            'get' = 'Print one setting''s value.'
            'set' = 'Store a setting in the profile, or choose the profile that is used without --profile.'
            'unset' = 'Remove a setting from the profile, so that the default is used again.'
            'path' = 'Print the path of the config file, whether it exists or not.'
        }
        Options = [ordered]@{
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'config list' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--profile' = @('The profile to show or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
    'config get' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--profile' = @('The profile to show or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words profile base_url quality timeout jobs output budget account journal dashboard api_key_command')
        Repeats = $false
    }
    'config set' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--profile' = @('The profile to show or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words profile base_url quality timeout jobs output budget account journal dashboard api_key_command', 'text')
        Repeats = $false
    }
    'config unset' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '--profile' = @('The profile to show or change.', 'profile')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @('words profile base_url quality timeout jobs output budget account journal dashboard api_key_command')
        Repeats = $false
    }
    'config path' = @{
        Commands = [ordered]@{
        }
        Options = [ordered]@{
            '--json' = @('Print one JSON object per job; errors too are JSON.', '')
            '--quiet' = @('Say nothing but errors.', '')
            '--verbose' = @('Say more on stderr.', '')
            '--debug' = @('Log the HTTP conversation, without secrets.', '')
            '-h' = @('Show this help.', '')
            '--help' = @('Show this help.', '')
        }
        Arguments = @()
        Repeats = $false
    }
}

# The first of: a folder that is named, the one of XDG, and the system's own
function script:Get-AeforgeFolder([string]$Named, [string]$Xdg, [string]$Usual) {
    if ($Named) { return $Named }
    if ($Xdg) { return (Join-Path $Xdg 'aeforge') }
    if ($env:LOCALAPPDATA) { return (Join-Path $env:LOCALAPPDATA 'aeforge') }
    $mac = Join-Path $HOME 'Library/Application Support/aeforge'
    if (Test-Path $mac) { return $mac }
    return (Join-Path $HOME "$Usual/aeforge")
}

function script:Get-AeforgeJobs {
    '@last'
    $file = Join-Path (Get-AeforgeFolder $env:AEFORGE_STATE_DIR $env:XDG_STATE_HOME '.local/state') 'pending-jobs'
    if (Test-Path $file) { Get-Content $file | Where-Object { $_ } }
}

function script:Get-AeforgeProfiles {
    $file = Join-Path (Get-AeforgeFolder $env:AEFORGE_CONFIG_DIR $env:XDG_CONFIG_HOME '.config') 'config.toml'
    if (-not (Test-Path $file)) { return }
    foreach ($line in Get-Content $file) {
        if ($line -match '^\s*\[\s*profiles\s*\.\s*"?([A-Za-z0-9_-]+)"?\s*\]') { $Matches[1] }
    }
}

# The words offered for a value; none for files and folders, which PowerShell then offers itself
function script:Get-AeforgeValues([string]$Offer) {
    switch -Wildcard ($Offer) {
        'job' { Get-AeforgeJobs }
        'profile' { Get-AeforgeProfiles }
        'words *' { $Offer.Substring(6).Split(' ') }
    }
}

Register-ArgumentCompleter -Native -CommandName aeforge -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $path = ''
    $count = 0
    $expects = ''
    $ended = $false
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    foreach ($element in ($elements | Select-Object -Skip 1)) {
        $word = $element.Extent.Text
        $here = $script:AeforgeCommands[$path]
        if ($expects) {
            $expects = ''
        } elseif (-not $ended -and $word -eq '--') {
            $ended = $true
        } elseif (-not $ended -and $word.StartsWith('-')) {
            if ($here.Options.Contains($word)) { $expects = $here.Options[$word][1] }
        } elseif ($here.Commands.Contains($word)) {
            $path = "$path $word".Trim()
        } else {
            $count++
        }
    }
    $here = $script:AeforgeCommands[$path]
    $word = "$wordToComplete"
    $found = [ordered]@{}
    if ($expects) {
        foreach ($value in Get-AeforgeValues $expects) { $found[$value] = $value }
    } elseif (-not $ended -and $word -match '^(--[^=]+)=') {
        $name = $Matches[1]
        if ($here.Options.Contains($name)) {
            foreach ($value in Get-AeforgeValues $here.Options[$name][1]) { $found["$name=$value"] = $value }
        }
    } elseif (-not $ended -and $word.StartsWith('-')) {
        foreach ($name in $here.Options.Keys) { $found[$name] = $here.Options[$name][0] }
    } elseif ($here.Commands.Count) {
        foreach ($name in $here.Commands.Keys) { $found[$name] = $here.Commands[$name] }
    } elseif ($here.Arguments.Count) {
        $number = $count
        if ($here.Repeats) { $number = [Math]::Min($count, $here.Arguments.Count - 1) }
        if ($number -lt $here.Arguments.Count) {
            foreach ($value in Get-AeforgeValues $here.Arguments[$number]) { $found[$value] = $value }
        }
    }
    foreach ($name in $found.Keys) {
        if ($name.StartsWith($word)) {
            [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $found[$name])
        }
    }
}
